{{- define "exporter.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{- define "exporter.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains (include "exporter.name" .) .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "exporter.name" .) | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{- define "exporter.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride -}}
{{- end }}

{{- define "exporter.selector" -}}
app.kubernetes.io/name: {{ include "exporter.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- define "exporter.labels" -}}
{{ include "exporter.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/component: metrics
app.kubernetes.io/part-of: logagent-exporter
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | quote }}
{{- with .Values.commonLabels }}
{{ tpl (toYaml .) $ }}
{{- end }}
{{- end }}

{{- define "exporter.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "exporter.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end }}

{{- define "exporter.image" -}}
{{- $registry := default .Values.image.registry .Values.global.imageRegistry -}}
{{- with $registry }}{{ . }}/{{ end }}{{ .Values.image.repository }}
{{- if .Values.image.digest }}@{{ .Values.image.digest }}{{ else }}:{{ default .Chart.AppVersion .Values.image.tag }}{{ end }}
{{- end }}

{{- define "exporter.configMapName" -}}
{{- default (include "exporter.fullname" .) .Values.existingConfigMap -}}
{{- end }}

{{- define "exporter.hasConfig" -}}
{{- if or .Values.config .Values.existingConfigMap }}true{{ end -}}
{{- end }}

{{- /* What both monitors have in common; `.monitor` are the values of one. Series get the name of their node. The labels of a container
are those of the agent's, which only the exporter knows: those of its own pod must not replace them. */ -}}
{{- define "exporter.endpoint" -}}
port: {{ .root.Values.service.portName | quote }}
path: /metrics
interval: {{ .monitor.interval | quote }}
scrapeTimeout: {{ .monitor.scrapeTimeout | quote }}
honorLabels: true
relabelings:
  - action: labeldrop
    regex: pod|container
  - sourceLabels: [__meta_kubernetes_pod_node_name]
    targetLabel: node
{{- with .monitor.relabelings }}
{{ toYaml . | indent 2 }}
{{- end }}
{{- with .monitor.metricRelabelings }}
metricRelabelings:
{{ toYaml . | indent 2 }}
{{- end }}
{{- end }}
