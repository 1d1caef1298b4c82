"""The manifests, without a cluster: both overlays and the one with KEDA, built by kubectl. `make e2e` runs them."""
