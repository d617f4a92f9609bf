{{- /* The configuration file that both roles read (docs/configuration.md). */}}

{{- define "slimgate.config" -}}
{{- $config := deepCopy .Values.config }}
{{- $_ := set $config "name" (include "slimgate.fullname" .) }}
{{- $_ := set $config "namespace" .Release.Namespace }}
{{- $_ := set $config "webhookPort" .Values.webhook.port }}
{{- $_ := set $config "drainDuration" .Values.webhook.drainDuration }}
{{- $_ := set $config "maxAdmissionWait" .Values.webhook.maxAdmissionWait }}
{{- $_ := set $config "leaderElection" .Values.controller.leaderElection }}
{{- $_ := set $config "pullSecrets" (ne .Values.pullSecrets.scope "None") }}
{{- $_ := set $config "certificates" .Values.certificates.source }}
{{- with .Values.certificates.secretName }}
{{- $_ := set $config "tlsSecret" . }}
{{- end }}
{{- $_ := set $config "nodeRefreshInterval" (ternary .Values.nodeMetrics.refreshInterval "0s" .Values.nodeMetrics.enabled) }}
{{- $_ := set $config "kubeletSkipTLSVerify" .Values.nodeMetrics.kubeletSkipTLSVerify }}
{{- $_ := set $config "kubeletThresholds" .Values.nodeMetrics.kubeletThresholds }}
{{- if .Values.defaultPolicy.create }}
{{- $_ := set $config "defaultPolicyFile" "/etc/slimgate/config/default-policy.yaml" }}
{{- end }}
{{- if .Values.dockerConfig.secretName }}
{{- $_ := set $config "dockerConfig" "/etc/slimgate/docker/config.json" }}
{{- end }}
{{- if .Values.credentialProviders.configMapName }}
{{- $_ := set $config "credentialProviderConfig" "/etc/slimgate/providers/config.yaml" }}
{{- $_ := set $config "credentialProviderBinDir" .Values.credentialProviders.binDir }}
{{- end }}
{{- with .Values.proxy.url }}
{{- $_ := set $config "httpsProxy" . }}
{{- end }}
{{- with .Values.proxy.except }}
{{- $_ := set $config "noProxy" . }}
{{- end }}
{{- with .Values.webhook.clientCertificate }}
{{- if .caConfigMap }}
{{- $_ := set $config "clientCAFile" "/etc/slimgate/clients/ca.crt" }}
{{- $_ := set $config "clientNames" .names }}
{{- end }}
{{- end }}
{{- $registries := list }}
{{- range $index, $registry := .Values.registries }}
{{- $entry := omit $registry "ca" "caSecret" "caConfigMap" }}
{{- if or $registry.ca $registry.caSecret $registry.caConfigMap }}
{{- $_ := set $entry "caFile" (printf "/etc/slimgate/ca/%d/ca.crt" $index) }}
{{- end }}
{{- $registries = append $registries $entry }}
{{- end }}
{{- $_ := set $config "registries" $registries -}}
apiVersion: config.slimgate.dev/v1alpha1
kind: Configuration
{{ toYaml $config }}
{{- end }}

{{- /* The ConfigMap's data: the configuration, and the CAs that values hold. */}}
{{- define "slimgate.configData" -}}
config.yaml: |
  {{- include "slimgate.config" . | nindent 2 }}
{{- if .Values.defaultPolicy.create }}
default-policy.yaml: |
  apiVersion: slimgate.dev/v1alpha1
  kind: SlimPolicy
  metadata:
    name: {{ .Values.defaultPolicy.name | toYaml }}
  spec:
    {{- toYaml .Values.defaultPolicy.spec | nindent 4 }}
{{- end }}
{{- range $index, $registry := .Values.registries }}
{{- with $registry.ca }}
ca-{{ $index }}.crt: |
  {{- . | trim | nindent 2 }}
{{- end }}
{{- end }}
{{- end }}

{{- define "slimgate.configVolumes" -}}
- name: config
  configMap:
    name: {{ include "slimgate.fullname" . }}-config
    items:
      - key: config.yaml
        path: config.yaml
      {{- if .Values.defaultPolicy.create }}
      - key: default-policy.yaml
        path: default-policy.yaml
      {{- end }}
{{- if .Values.dockerConfig.secretName }}
- name: docker-config
  secret:
    secretName: {{ .Values.dockerConfig.secretName | toYaml }}
    defaultMode: 0440
    items:
      - key: .dockerconfigjson
        path: config.json
{{- end }}
{{- with .Values.credentialProviders.configMapName }}
- name: credential-providers
  configMap:
    name: {{ . | toYaml }}
    items:
      - key: config.yaml
        path: config.yaml
{{- end }}
{{- range $index, $registry := .Values.registries }}
{{- if $registry.ca }}
- name: registry-ca-{{ $index }}
  configMap:
    name: {{ include "slimgate.fullname" $ }}-config
    items:
      - key: ca-{{ $index }}.crt
        path: ca.crt
{{- else if $registry.caSecret }}
- name: registry-ca-{{ $index }}
  secret:
    secretName: {{ $registry.caSecret.name | toYaml }}
    defaultMode: 0440
    items:
      - key: {{ $registry.caSecret.key | toYaml }}
        path: ca.crt
{{- else if $registry.caConfigMap }}
- name: registry-ca-{{ $index }}
  configMap:
    name: {{ $registry.caConfigMap.name | toYaml }}
    items:
      - key: {{ $registry.caConfigMap.key | toYaml }}
        path: ca.crt
{{- end }}
{{- end }}
{{- end }}

{{- define "slimgate.configMounts" -}}
- name: config
  mountPath: /etc/slimgate/config
  readOnly: true
{{- if .Values.dockerConfig.secretName }}
- name: docker-config
  mountPath: /etc/slimgate/docker
  readOnly: true
{{- end }}
{{- if .Values.credentialProviders.configMapName }}
- name: credential-providers
  mountPath: /etc/slimgate/providers
  readOnly: true
{{- end }}
{{- range $index, $registry := .Values.registries }}
{{- if or $registry.ca $registry.caSecret $registry.caConfigMap }}
- name: registry-ca-{{ $index }}
  mountPath: /etc/slimgate/ca/{{ $index }}
  readOnly: true
{{- end }}
{{- end }}
{{- end }}
