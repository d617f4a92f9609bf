{{- /* What objects are called, and how they are told apart. */}}

{{- define "slimgate.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- /* Short enough for the longest suffix that is added; Services have no dots in their names. */}}
{{- define "slimgate.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- $name := include "slimgate.name" . }}
{{- if contains $name .Release.Name }}
{{- .Release.Name | replace "." "-" | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | replace "." "-" | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- end }}

{{- /* Labels of one object: (list $ component). */}}
{{- define "slimgate.labels" -}}
{{- $root := index . 0 }}
{{- $own := dict
    "app.kubernetes.io/name" (include "slimgate.name" $root)
    "app.kubernetes.io/instance" $root.Release.Name
    "app.kubernetes.io/version" ($root.Chart.AppVersion | toString)
    "app.kubernetes.io/managed-by" $root.Release.Service
    "helm.sh/chart" (printf "%s-%s" $root.Chart.Name ($root.Chart.Version | replace "+" "_")) }}
{{- with index . 1 }}
{{- $_ := set $own "app.kubernetes.io/component" . }}
{{- end }}
{{- toYaml (mergeOverwrite (deepCopy $root.Values.commonLabels) $own) }}
{{- end }}

{{- /* Labels by which everything of this release is selected, and of no other in its namespace. */}}
{{- define "slimgate.release" -}}
app.kubernetes.io/name: {{ include "slimgate.name" . | toYaml }}
app.kubernetes.io/instance: {{ .Release.Name | toYaml }}
{{- end }}

{{- /* Labels by which pods of a role are selected; they can never change: (list $ component). */}}
{{- define "slimgate.selector" -}}
{{ include "slimgate.release" (index . 0) }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "slimgate.image" -}}
{{- $image := .Values.image }}
{{- if $image.digest }}
{{- printf "%s@%s" $image.repository $image.digest }}
{{- else }}
{{- printf "%s:%s" $image.repository (default .Chart.AppVersion $image.tag) }}
{{- end }}
{{- end }}

{{- /* The service account of a role: (list $ "controller"). */}}
{{- define "slimgate.account" -}}
{{- $root := index . 0 }}
{{- $role := index . 1 }}
{{- $account := (index $root.Values $role).serviceAccount }}
{{- default (printf "%s-%s" (include "slimgate.fullname" $root) $role) $account.name }}
{{- end }}

{{- /* The Secret with the webhook's certificate. */}}
{{- define "slimgate.tlsSecret" -}}
{{- default (printf "%s-webhook-tls" (include "slimgate.fullname" .)) .Values.certificates.secretName }}
{{- end }}
