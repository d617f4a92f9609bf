{{- /* What pods of both roles have in common; each takes (list $ role). */}}

{{- define "slimgate.podMetadata" -}}
{{- $root := index . 0 }}
{{- $role := index . 1 }}
{{- $values := index $root.Values $role }}
labels:
  {{- $own := include "slimgate.selector" . | fromYaml }}
  {{- /* What the metrics Service selects, which the pods of hooks are not among. */}}
  {{- $_ := set $own "slimgate.dev/metrics" "true" }}
  {{- toYaml (mergeOverwrite (deepCopy $root.Values.commonLabels) $values.podLabels $own) | nindent 2 }}
annotations:
  {{- /* Pods read their settings when they start: other settings make other pods. */}}
  {{- $own := dict "slimgate.dev/config" (include "slimgate.configData" $root | sha256sum) }}
  {{- toYaml (mergeOverwrite (deepCopy $values.podAnnotations) $own) | nindent 2 }}
{{- end }}

{{- /* How pods are replaced: the default's part is still there when another type is set. */}}
{{- define "slimgate.strategy" -}}
{{- toYaml (ternary (omit . "rollingUpdate") . (eq (default "" .type) "Recreate")) }}
{{- end }}

{{- define "slimgate.podSpec" -}}
{{- $root := index . 0 }}
{{- $role := index . 1 }}
{{- $values := index $root.Values $role -}}
serviceAccountName: {{ include "slimgate.account" . | toYaml }}
automountServiceAccountToken: true
enableServiceLinks: false
terminationGracePeriodSeconds: {{ $values.terminationGracePeriodSeconds }}
{{- with $root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . | toYaml }}
{{- end }}
securityContext:
  {{- include "slimgate.podSecurity" $values.podSecurityContext | nindent 2 }}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if $values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- $selector := dict "matchLabels" (include "slimgate.selector" . | fromYaml) }}
  {{- range $values.topologySpreadConstraints }}
  - {{- toYaml (mergeOverwrite (dict "labelSelector" $selector) (deepCopy .)) | nindent 4 }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "slimgate.container" -}}
{{- $root := index . 0 }}
{{- $role := index . 1 }}
{{- $values := index $root.Values $role }}
{{- $live := dict "httpGet" (dict "path" "/livez" "port" "http") }}
{{- $ready := dict "httpGet" (dict "path" "/readyz" "port" "http") -}}
name: {{ $role }}
image: {{ include "slimgate.image" $root | toYaml }}
imagePullPolicy: {{ $root.Values.image.pullPolicy }}
args: [{{ $role }}]
env:
  - name: SLIMGATE_CONFIG
    value: /etc/slimgate/config/config.yaml
  {{- if eq $role "controller" }}
  - name: SLIMGATE_POD_NAME
    valueFrom:
      fieldRef:
        fieldPath: metadata.name
  {{- end }}
  {{- with $values.env }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with $values.envFrom }}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
startupProbe:
  {{- $probe := merge (dict "periodSeconds" 1 "failureThreshold" 60) $live }}
  {{- toYaml (mergeOverwrite $probe (deepCopy $values.startupProbe)) | nindent 2 }}
livenessProbe:
  {{- $probe := merge (dict "periodSeconds" 10 "timeoutSeconds" 5) $live }}
  {{- toYaml (mergeOverwrite $probe (deepCopy $values.livenessProbe)) | nindent 2 }}
readinessProbe:
  {{- $probe := merge (dict "periodSeconds" 2 "timeoutSeconds" 5) $ready }}
  {{- toYaml (mergeOverwrite $probe (deepCopy $values.readinessProbe)) | nindent 2 }}
resources:
  {{- toYaml $values.resources | nindent 2 }}
securityContext:
  {{- include "slimgate.security" $values.securityContext | nindent 2 }}
{{- end }}

{{- /* A pod that passes `restricted` of Pod Security, with changes. */}}
{{- define "slimgate.podSecurity" -}}
{{- $context := dict
    "runAsNonRoot" true
    "runAsUser" 65532
    "runAsGroup" 65532
    "fsGroup" 65532
    "seccompProfile" (dict "type" "RuntimeDefault") }}
{{- $context = mergeOverwrite $context (deepCopy .) }}
{{- range $name, $value := . }}
{{- if kindIs "invalid" $value }}
{{- $_ := unset $context $name }}
{{- end }}
{{- end }}
{{- toYaml $context }}
{{- end }}

{{- /* Its container, with changes. */}}
{{- define "slimgate.security" -}}
{{- $context := dict
    "allowPrivilegeEscalation" false
    "readOnlyRootFilesystem" true
    "capabilities" (dict "drop" (list "ALL")) }}
{{- toYaml (mergeOverwrite $context (deepCopy .)) }}
{{- end }}

{{- /* A pod that a hook runs to its end, where the controller could run. */}}
{{- define "slimgate.hookPodSpec" -}}
{{- $values := .Values.controller -}}
restartPolicy: Never
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . | toYaml }}
{{- end }}
securityContext:
  {{- include "slimgate.podSecurity" $values.podSecurityContext | nindent 2 }}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- /* Its container, but for its arguments. */}}
{{- define "slimgate.hookContainer" -}}
image: {{ include "slimgate.image" . | toYaml }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
resources:
  requests: {cpu: 20m, memory: 96Mi}
  limits: {memory: 256Mi}
securityContext:
  {{- include "slimgate.security" .Values.controller.securityContext | nindent 2 }}
{{- end }}
