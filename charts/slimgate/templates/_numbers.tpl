{{- /* Durations and quantities as numbers, which checks compare. */}}

{{- /* Seconds of `1h30m`; of Prometheus' longer units, too. */}}
{{- define "slimgate.seconds" -}}
{{- $units := dict "ms" 0.001 "s" 1.0 "m" 60.0 "h" 3600.0 "d" 86400.0 "w" 604800.0 "y" 31536000.0 }}
{{- $seconds := 0.0 }}
{{- range regexFindAll "[0-9.]+[a-z]+" (toString .) -1 }}
{{- $unit := regexFind "[a-z]+" . }}
{{- $seconds = addf $seconds (mulf (trimSuffix $unit . | float64) (get $units $unit)) }}
{{- end }}
{{- printf "%f" $seconds }}
{{- end }}

{{- /* Bytes of `8Mi`, `2G`, `1e6`. */}}
{{- define "slimgate.bytes" -}}
{{- $units := dict "" 1.0
    "n" 1e-9 "u" 1e-6 "m" 1e-3 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "P" 1e15 "E" 1e18
    "Ki" 1024.0 "Mi" 1048576.0 "Gi" 1073741824.0
    "Ti" 1099511627776.0 "Pi" 1125899906842624.0 "Ei" 1152921504606846976.0 }}
{{- $text := toString . }}
{{- $unit := regexFind "([KMGTPE]i|[numkMGTPE])$" $text }}
{{- mulf (trimSuffix $unit $text | trimPrefix "+" | float64) (get $units $unit) }}
{{- end }}
