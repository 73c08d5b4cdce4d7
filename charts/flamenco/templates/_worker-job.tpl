{{/*
One worker as a Job: one pod, never restarted, one a node. Without metadata.name: the service gives it, and the pod reads
it from its label, so that the Job, the Flamenco worker and the service's record have the same name.
Takes dict "root" "pool" (name) "tag" "name" (node pool) "nodePool" (its values).
*/}}
{{- define "flamenco.workerJob" -}}
{{- $values := .root.Values }}
{{- $labels := dict "tablao/pool" .pool "tablao/node-pool" .name }}
apiVersion: batch/v1
kind: Job
metadata:
  labels:
    {{- include "flamenco.labels" (dict "root" .root "component" "worker") | nindent 4 }}
    {{- toYaml $labels | nindent 4 }}
spec:
  completions: 1
  parallelism: 1
  # The service orders workers; Kubernetes makes no second one for a pod that failed or was taken away.
  backoffLimit: 0
  podFailurePolicy:
    rules:
      - action: FailJob
        onPodConditions:
          - { type: DisruptionTarget, status: "True" }
  ttlSecondsAfterFinished: {{ int $values.worker.keepEndedSeconds }}
  template:
    metadata:
      labels:
        {{- include "flamenco.podLabels" (dict "root" .root "component" "worker") | nindent 8 }}
        {{- toYaml $labels | nindent 8 }}
      annotations:
        # Never drained by the autoscaler; an ended pod keeps no node.
        cluster-autoscaler.kubernetes.io/safe-to-evict: "false"
        gke-gcsfuse/volumes: "true"
        # A limit of 0 is none: the sidecar may use what Blender leaves.
        gke-gcsfuse/cpu-request: {{ $values.gcsfuse.sidecar.cpu | quote }}
        gke-gcsfuse/cpu-limit: "0"
        gke-gcsfuse/memory-request: {{ $values.gcsfuse.sidecar.memory | quote }}
        gke-gcsfuse/memory-limit: {{ $values.gcsfuse.sidecar.memory | quote }}
        gke-gcsfuse/ephemeral-storage-request: {{ $values.gcsfuse.sidecar.ephemeralStorage | quote }}
        gke-gcsfuse/ephemeral-storage-limit: {{ $values.gcsfuse.sidecar.ephemeralStorage | quote }}
    spec:
      restartPolicy: Never
      serviceAccountName: {{ include "flamenco.worker" .root }}
      automountServiceAccountToken: false
      enableServiceLinks: false
      terminationGracePeriodSeconds: {{ int $values.worker.terminationGraceSeconds }}
      securityContext:
        {{- include "flamenco.podSecurity" .root | nindent 8 }}
      nodeSelector:
        cloud.google.com/gke-nodepool: {{ .name }}
        {{- with .nodePool.gpu }}
        cloud.google.com/gke-accelerator: {{ .type }}
        {{- end }}
      tolerations:
        {{- with $values.worker.tolerations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
        {{- if .nodePool.spot }}
        - { key: cloud.google.com/gke-spot, operator: Equal, value: "true", effect: NoSchedule }
        {{- end }}
        {{- if .nodePool.gpu }}
        - { key: nvidia.com/gpu, operator: Exists, effect: NoSchedule }
        {{- end }}
      affinity:
        podAntiAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
            - topologyKey: kubernetes.io/hostname
              labelSelector:
                matchLabels:
                  {{- include "flamenco.selector" (dict "root" .root "component" "worker") | nindent 18 }}
      containers:
        - name: worker
          image: {{ required "images.worker is missing: the full reference of the worker's image" $values.images.worker }}
          imagePullPolicy: {{ $values.images.pullPolicy }}
          env:
            - name: FLAMENCO_WORKER_NAME
              valueFrom:
                fieldRef: { fieldPath: "metadata.labels['batch.kubernetes.io/job-name']" }
            - name: FLAMENCO_MANAGER
              value: http://{{ include "flamenco.manager" .root }}:{{ $values.manager.port }}
            - { name: TABLAO_POOL, value: {{ .pool | quote }} }
            - { name: TABLAO_TAG, value: {{ .tag | quote }} }
            - name: MANAGER_UNREACHABLE_SECONDS
              value: {{ int $values.worker.managerUnreachableSeconds | quote }}
            {{- if .nodePool.gpu }}
            # Where GKE puts the driver.
            - { name: LD_LIBRARY_PATH, value: /usr/local/nvidia/lib64 }
            {{- end }}
          # Memory is what is asked for, so that a node is never over-committed; the processor is all Blender's.
          resources:
            requests:
              cpu: {{ .nodePool.cpu | quote }}
              memory: {{ .nodePool.memory | quote }}
            limits:
              memory: {{ .nodePool.memory | quote }}
              {{- with .nodePool.gpu }}
              nvidia.com/gpu: {{ .count | quote }}
              {{- end }}
          securityContext:
            {{- include "flamenco.containerSecurity" .root | nindent 12 }}
          livenessProbe:
            exec:
              command: [/usr/local/bin/tablao-worker-alive]
            {{- toYaml $values.worker.liveness | nindent 12 }}
          volumeMounts:
            - { name: home, mountPath: /var/lib/flamenco }
            - { name: tmp, mountPath: /tmp }
            - { name: scenes, mountPath: {{ $values.mounts.scenes }}, readOnly: true }
            - { name: renders, mountPath: {{ $values.mounts.renders }} }
      volumes:
        - name: home
          emptyDir: {}
        - name: tmp
          emptyDir: {}
        - name: scenes
          csi:
            driver: gcsfuse.csi.storage.gke.io
            readOnly: true
            volumeAttributes:
              bucketName: {{ required "buckets.scenes is missing: the bucket that workers read" $values.buckets.scenes }}
              mountOptions: {{ $values.gcsfuse.scenesOptions }},uid=1000,gid=1000
              fileCacheCapacity: {{ $values.gcsfuse.scenesCache | quote }}
              fileCacheForRangeRead: "true"
        - name: renders
          csi:
            driver: gcsfuse.csi.storage.gke.io
            volumeAttributes:
              bucketName: {{ required "buckets.renders is missing: the bucket that workers write" $values.buckets.renders }}
              mountOptions: {{ $values.gcsfuse.rendersOptions }},uid=1000,gid=1000
{{- end }}
