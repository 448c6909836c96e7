{{- /* Ways in for one Service; takes root, component, port and route (ingress, httpRoute). */}}
{{- define "tenantry.service" -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ include "tenantry.fullname" .root }}-{{ .component }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "tenantry.labels" . | nindent 4 }}
spec:
  {{- if .isHeadless }}
  clusterIP: None
  publishNotReadyAddresses: true
  {{- end }}
  selector:
    {{- include "tenantry.chosen" . | nindent 4 }}
  ports:
    - name: http
      port: {{ .port }}
      targetPort: http
{{- end -}}

{{- define "tenantry.routes" -}}
{{- $name := printf "%s-%s" (include "tenantry.fullname" .root) .component }}
{{- if .route.ingress.enabled }}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {{ $name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "tenantry.labels" . | nindent 4 }}
  {{- with .route.ingress.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- with .route.ingress.className }}
  ingressClassName: {{ . }}
  {{- end }}
  {{- if .route.ingress.tlsSecretName }}
  tls:
    - hosts: [{{ .route.ingress.host | quote }}]
      secretName: {{ .route.ingress.tlsSecretName }}
  {{- end }}
  rules:
    - host: {{ required (printf "%s: ingress.host must be set where the Ingress is enabled." .component) .route.ingress.host | quote }}
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service:
                name: {{ $name }}
                port:
                  name: http
{{- end }}
{{- if .route.httpRoute.enabled }}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: {{ $name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "tenantry.labels" . | nindent 4 }}
spec:
  parentRefs:
    {{- required (printf "%s: httpRoute.parentRefs must name a Gateway." .component) .route.httpRoute.parentRefs | toYaml | nindent 4 }}
  hostnames:
    - {{ required (printf "%s: httpRoute.host must be set where the HTTPRoute is enabled." .component) .route.httpRoute.host | quote }}
  rules:
    - backendRefs:
        - name: {{ $name }}
          port: {{ .port }}
{{- end }}
{{- end -}}
