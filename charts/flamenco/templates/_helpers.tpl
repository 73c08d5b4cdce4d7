{{- define "flamenco.manager" -}}
{{ .Release.Name }}-manager
{{- end }}

{{- define "flamenco.worker" -}}
{{ .Release.Name }}-worker
{{- end }}

{{/* What selects pods: must never change while a release lives. Takes dict "root" "component". */}}
{{- define "flamenco.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{/* No versions among them: a new chart alone must not replace the manager's pod, and with it all that it knows. */}}
{{- define "flamenco.podLabels" -}}
{{ include "flamenco.selector" . }}
app.kubernetes.io/part-of: tablao
tablao: {{ .root.Values.farm }}
{{- end }}

{{- define "flamenco.labels" -}}
{{ include "flamenco.podLabels" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{- define "flamenco.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "flamenco.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/*
flamenco-manager.yaml. Absolute paths throughout: Flamenco takes some against its executable and others against its
working directory. A shared_storage_path keeps the first-run dialog away; the manager itself mounts no bucket.
*/}}
{{- define "flamenco.config" -}}
_meta:
  version: 3
manager_name: {{ .Values.manager.name | quote }}
listen: {{ printf ":%v" .Values.manager.port | quote }}
autodiscoverable: false
database: /data/flamenco-manager.sqlite
local_manager_storage_path: /data/storage
shared_storage_path: {{ .Values.mounts.renders }}
shaman:
  enabled: false
task_timeout: {{ .Values.manager.taskTimeout }}
worker_timeout: {{ .Values.manager.workerTimeout }}
blocklist_threshold: {{ int .Values.manager.blocklistThreshold }}
task_fail_after_softfail_count: {{ int .Values.manager.taskFailAfterSoftfailCount }}
variables:
  {{- range .Values.blenders }}
  blender-{{ . }}:
    values: [{ platform: all, value: {{ $.Values.blenderDir }}/{{ . }}/blender }]
  {{- end }}
  {{- with first .Values.blenders }}
  blender:
    values: [{ platform: all, value: {{ $.Values.blenderDir }}/{{ . }}/blender }]
  {{- end }}
  tablao-kit:
    values: [{ platform: all, value: {{ .Values.kitDir }} }]
  tablao-run:
    values: [{ platform: all, value: {{ .Values.kitDir }}/run.sh }]
{{- end }}
