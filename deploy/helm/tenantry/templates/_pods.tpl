{{- /* What every pod has in common; takes the root. */}}
{{- define "tenantry.pod" -}}
enableServiceLinks: false
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile:
    type: RuntimeDefault
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "tenantry.confined" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end -}}

{{- /* Pods of one component lie on different nodes and zones where they can; takes root and component. */}}
{{- define "tenantry.spread" -}}
topologySpreadConstraints:
  {{- range $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ $key }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "tenantry.chosen" $ | nindent 8 }}
  {{- end }}
{{- end -}}

{{- define "tenantry.probes" -}}
startupProbe:
  httpGet:
    path: /health
    port: http
  periodSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet:
    path: /health
    port: http
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet:
    path: /ready
    port: http
  periodSeconds: 5
  timeoutSeconds: 5
{{- end -}}

{{- /* A Deployment; takes root, component, replicas, command, environment, resources, port, account,
hasToken, secretName, secretKeys, and drain: seconds in which a front door learns that a pod goes, while the pod still answers. */}}
{{- define "tenantry.deployment" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "tenantry.fullname" .root }}-{{ .component }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "tenantry.labels" . | nindent 4 }}
spec:
  replicas: {{ .replicas }}
  revisionHistoryLimit: 3
  strategy:
    type: RollingUpdate
    rollingUpdate:
      maxSurge: 1
      maxUnavailable: 0
  selector:
    matchLabels:
      {{- include "tenantry.chosen" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "tenantry.labels" . | nindent 8 }}
        {{- with .root.Values.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- with .root.Values.podAnnotations }}
      annotations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      serviceAccountName: {{ .account }}
      automountServiceAccountToken: {{ or .hasToken .root.Values.serviceAccount.automount }}
      terminationGracePeriodSeconds: {{ add 60 (default 0 .drain) }}
      {{- include "tenantry.pod" .root | nindent 6 }}
      {{- include "tenantry.spread" . | nindent 6 }}
      containers:
        - name: {{ .container }}
          image: {{ include "tenantry.image" .root }}
          imagePullPolicy: {{ .root.Values.image.pullPolicy }}
          command: {{ .command | toJson }}
          env:
            {{- .environment | nindent 12 }}
          ports:
            - name: http
              containerPort: {{ .port }}
          {{- with .drain }}
          lifecycle:
            preStop:
              sleep:
                seconds: {{ . }}
          {{- end }}
          {{- include "tenantry.probes" . | nindent 10 }}
          resources:
            {{- toYaml .resources | nindent 12 }}
          {{- include "tenantry.confined" . | nindent 10 }}
          volumeMounts:
            {{- include "tenantry.secretsMount" . | nindent 12 }}
            - name: scratch
              mountPath: /tmp
      volumes:
        {{- include "tenantry.secrets" . | nindent 8 }}
        - name: scratch
          emptyDir:
            sizeLimit: 256Mi
{{- if and .root.Values.podDisruptionBudget.enabled (gt (int .replicas) 1) }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "tenantry.fullname" .root }}-{{ .component }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "tenantry.labels" . | nindent 4 }}
spec:
  maxUnavailable: 1
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "tenantry.chosen" . | nindent 6 }}
{{- end }}
{{- end -}}

{{- /* A Secret's keys as files; takes secretName and secretKeys. */}}
{{- define "tenantry.secrets" -}}
- name: secrets
  secret:
    secretName: {{ .secretName }}
    defaultMode: 0440
    items:
      {{- range .secretKeys }}
      - key: {{ . }}
        path: {{ . }}
      {{- end }}
{{- end -}}

{{- define "tenantry.secretsMount" -}}
- name: secrets
  mountPath: /etc/tenantry/secrets
  readOnly: true
{{- end -}}

{{- define "tenantry.databaseUrl" -}}
- name: {{ .variable }}
  valueFrom:
    secretKeyRef:
      name: {{ .secretName }}
      key: database-url
{{- end -}}

{{- /* Settings as variables; takes prefix and settings. */}}
{{- define "tenantry.settings" -}}
{{- range $key, $value := .settings }}
- name: {{ $.prefix }}{{ $key | snakecase | upper }}
  value: {{ ternary $value ($value | toJson) (kindIs "string" $value) | quote }}
{{- end }}
{{- end -}}

{{- define "tenantry.portalEnvironment" -}}
{{ include "tenantry.databaseUrl" (dict "variable" "TENANTRY_PORTAL_DATABASE_URL" "secretName" .Values.portal.secretName) }}
- name: TENANTRY_PORTAL_LISTEN
  value: 0.0.0.0:8081
- name: TENANTRY_PORTAL_PROVISIONER_URL
  value: {{ default (printf "http://%s-api:7410" (include "tenantry.fullname" .)) .Values.portal.provisionerUrl }}
- name: TENANTRY_PORTAL_PROVISIONER_TOKEN_FILE
  value: /etc/tenantry/secrets/provisioner-token
- name: TENANTRY_PORTAL_SECRET_FILE
  value: /etc/tenantry/secrets/secret
{{- if .Values.portal.settings.smtpUser }}
- name: TENANTRY_PORTAL_SMTP_PASSWORD_FILE
  value: /etc/tenantry/secrets/smtp-password
{{- end }}
{{- include "tenantry.settings" (dict "prefix" "TENANTRY_PORTAL_" "settings" .Values.portal.settings) }}
{{- include "tenantry.settings" (dict "prefix" "TENANTRY_PORTAL_BRAND_" "settings" .Values.portal.brand) }}
{{- end -}}

{{- define "tenantry.provisionerEnvironment" -}}
{{ include "tenantry.databaseUrl" (dict "variable" "TENANTRY_PROVISIONER_DATABASE_URL" "secretName" .Values.provisioner.secretName) }}
- name: TENANTRY_PROVISIONER_LISTEN
  value: 0.0.0.0:7410
- name: TENANTRY_PROVISIONER_KEYS_FILE
  value: /etc/tenantry/secrets/keys
{{- if .Values.provisioner.hasMail }}
- name: TENANTRY_PROVISIONER_MAIL_FILE
  value: /etc/tenantry/secrets/mail.json
{{- end }}
{{- include "tenantry.settings" (dict "prefix" "TENANTRY_PROVISIONER_" "settings" .Values.provisioner.settings) }}
{{- end -}}
