// Package definitions names the modules whose custom resource definitions the test cluster gets.
// It imports one package of each, so that their versions and sums are kept like those of any dependency.
package definitions

import (
	_ "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	_ "github.com/prometheus-operator/prometheus-operator/pkg/versionutil"
	_ "sigs.k8s.io/gateway-api/apis/v1"
)
