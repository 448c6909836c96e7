// The part of kube-router that enforces network policies, without its router, its proxy and the clouds that it knows.
package main

import (
	"flag"
	"log"
	"net/http"
	"sync"

	"github.com/cloudnativelabs/kube-router/v2/pkg/controllers/netpol"
	"github.com/cloudnativelabs/kube-router/v2/pkg/healthcheck"
	"github.com/cloudnativelabs/kube-router/v2/pkg/options"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

func main() {
	config := options.NewKubeRouterConfig()
	config.EnableIPv4 = true
	services, ready := "", ""
	flag.StringVar(&config.Kubeconfig, "kubeconfig", "", "who asks, and whom")
	flag.StringVar(&config.HostnameOverride, "node", "", "name of the node whose pods are guarded")
	flag.StringVar(&services, "services", "", "addresses of services")
	flag.StringVar(&ready, "ready", "", "address that answers once all policies were in force for the first time")
	flag.Parse()
	config.ClusterIPCIDRs = []string{services}
	if err := run(config, ready); err != nil {
		log.Fatal(err)
	}
}

func run(config *options.KubeRouterConfig, ready string) error {
	given, err := clientcmd.BuildConfigFromFlags("", config.Kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(given)
	if err != nil {
		return err
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	pods := factory.Core().V1().Pods().Informer()
	namespaces := factory.Core().V1().Namespaces().Informer()
	policies := factory.Networking().V1().NetworkPolicies().Informer()
	tables, sets, err := netpol.NewIPTablesHandlers(config)
	if err != nil {
		return err
	}
	enforcing, err := netpol.NewNetworkPolicyController(
		client, config, pods, policies, namespaces, &sync.Mutex{}, tables, sets)
	if err != nil {
		return err
	}
	stopped := make(chan struct{})
	factory.Start(stopped)
	factory.WaitForCacheSync(stopped)
	for informer, handler := range map[cache.SharedIndexInformer]cache.ResourceEventHandler{
		pods: enforcing.PodEventHandler, namespaces: enforcing.NamespaceEventHandler,
		policies: enforcing.NetworkPolicyEventHandler,
	} {
		if _, err := informer.AddEventHandler(handler); err != nil {
			return err
		}
	}
	beats := make(chan *healthcheck.ControllerHeartbeat)
	var running sync.WaitGroup
	running.Add(1)
	go enforcing.Run(beats, stopped, &running)
	<-beats // it begins to put policies in force with one
	go func() {
		for range beats {
		}
	}()
	return http.ListenAndServe(ready, http.NotFoundHandler())
}
