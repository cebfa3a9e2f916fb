{{- define "mcidns.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "mcidns.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else if contains (include "mcidns.name" .) .Release.Name }}
{{- .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "mcidns.name" .) | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "mcidns.selector" -}}
app.kubernetes.io/name: {{ include "mcidns.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "mcidns.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "mcidns.selector" . }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | trunc 63 | quote }}
app.kubernetes.io/component: controller
app.kubernetes.io/part-of: mcidns
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "mcidns.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "mcidns.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- required "serviceAccount.name is not set: with serviceAccount.create=false name the account that the pod shall use" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "mcidns.image" -}}
{{- $repository := required "image.repository is not set: name the image that you built from the Dockerfile, such as --set image.repository=registry.example.org/mcidns (charts of a release have it set)" .Values.image.repository }}
{{- if .Values.image.digest }}
{{- printf "%s@%s" $repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" $repository (.Values.image.tag | default .Chart.AppVersion) }}
{{- end }}
{{- end }}

{{- /* Whether others than the pod itself may reach the status page: only with a token. */ -}}
{{- define "mcidns.pageIsReached" -}}
{{- if and .Values.page.enabled .Values.page.tokenSecret.name }}yes{{ end }}
{{- end }}

{{- /* The halves that run, as a list in JSON. */ -}}
{{- define "mcidns.halves" -}}
{{- if eq .Values.only "both" }}["decide","program"]{{ else }}[{{ .Values.only | quote }}]{{ end }}
{{- end }}

{{- /* The namespaces whose Secrets are read: the release's own, and what deciding needs for fleets. */ -}}
{{- define "mcidns.secretNamespaces" -}}
{{- $all := list .Release.Namespace }}
{{- if ne .Values.only "program" }}{{ $all = concat $all .Values.rbac.secretNamespaces }}{{ end }}
{{- $all | uniq | toJson }}
{{- end }}
