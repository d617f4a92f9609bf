{{- /*
Whether a resource of somebody else's kind is rendered: (list $ value-name api {enabled, renderMode}).
Asks the API versions that Helm was given, not the cluster, so that Argo CD renders it too.
*/}}
{{- define "slimgate.rendered" -}}
{{- $root := index . 0 }}
{{- $name := index . 1 }}
{{- $api := index . 2 }}
{{- $values := index . 3 }}
{{- if $values.enabled }}
{{- if or (eq $values.renderMode "AlwaysRender") ($root.Capabilities.APIVersions.Has $api) -}}
true
{{- else if eq $values.renderMode "FailIfMissing" }}
{{- fail (printf "%s.renderMode is FailIfMissing, and the cluster does not have %s" $name $api) }}
{{- end }}
{{- end }}
{{- end }}
