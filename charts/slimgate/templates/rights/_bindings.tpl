{{- /* Grants a role to service accounts: (list $ kind role-name namespace component roles…). */}}
{{- define "slimgate.binding" -}}
{{- $root := index . 0 }}
{{- $kind := index . 1 }}
{{- $name := index . 2 }}
{{- $namespace := index . 3 -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $kind }}Binding
metadata:
  name: {{ $name | toYaml }}
  {{- with $namespace }}
  namespace: {{ . | toYaml }}
  {{- end }}
  labels:
    {{- include "slimgate.labels" (list $root (index . 4)) | nindent 4 }}
  {{- if eq (index . 4) "cleanup" }}
  annotations:
    {{- include "slimgate.cleanupHook" -5 | nindent 4 }}
  {{- end }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ $kind }}
  name: {{ $name | toYaml }}
subjects:
  {{- range slice . 5 }}
  - kind: ServiceAccount
    name: {{ . | toYaml }}
    namespace: {{ $root.Release.Namespace | toYaml }}
  {{- end }}
{{- end }}
