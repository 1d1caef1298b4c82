# Images, Compose and Kubernetes; included by the Makefile.
COMPOSE ?= docker compose
DOCKER_BUILD ?= docker build
TAG ?= dev
VERSION = $(shell sed -n 's/^VERSION = "\(.*\)"$$/\1/p' pipeline/version.py)
CLUSTER := img-gallery-cluster
# a release gives them by digest: make images PYTHON_IMAGE=python:3.13-slim@sha256:…
BASES = $(foreach name,PYTHON_IMAGE NODE_IMAGE,$(if $($(name)),--build-arg $(name)=$($(name))))
# copies images from Docker into the cluster
LOAD ?= kind load docker-image --name $(CLUSTER)

.PHONY: images up down e2e-compose kind-up kind-down kind-cluster load deploy e2e rules lint-deploy

images:
	for part in web worker; do \
	  DOCKER_BUILDKIT=1 $(DOCKER_BUILD) --file Dockerfile.$$part --tag image-gallery-$$part:$(TAG) \
	    --build-arg VERSION=$(VERSION) --build-arg REVISION=$$(git rev-parse HEAD) $(BASES) . || exit 1; \
	done

.env k8s/overlays/kind/secret.env:
	@$(PYTHON) -m launcher.secrets $@

k8s/overlays/production/secret.env:
	@$(PYTHON) -m launcher.secrets --token $@

up: .env images ## build both images and start everything with Compose
	$(COMPOSE) up --no-build --detach --wait
	@echo "Gallery:   http://127.0.0.1:$${GALLERY_PORT:-5000}/"
	@echo "Dashboard: http://127.0.0.1:$${GALLERY_DASHBOARD_PORT:-9181}/rq-dashboard/ (login in .env)"

down: ## stop what `make up` started; the pictures stay
	$(COMPOSE) down

kind-up: kind-cluster images load deploy ## from nothing to a gallery in a kind cluster
	@echo 'To see the gallery at http://127.0.0.1:8080/ type:'
	@echo '  kubectl port-forward svc/gallery-service -n image-gallery 8080:80'

kind-down: ## delete the kind cluster
	kind delete cluster --name $(CLUSTER)

kind-cluster:
	kind get clusters | grep -qx $(CLUSTER) || kind create cluster --name $(CLUSTER) --config k8s/kind.yaml
	kubectl config use-context kind-$(CLUSTER)

load:
	$(LOAD) image-gallery-web:dev image-gallery-worker:dev

# The tag stays the same, so what ran before is told to start anew from the images that were just loaded.
deploy: k8s/overlays/kind/secret.env
	ran=$$(kubectl get deployments -n image-gallery -l app.kubernetes.io/component!=redis -o name) && \
	  kubectl apply -k k8s/overlays/kind && \
	  if [ "$$ran" ]; then kubectl rollout restart -n image-gallery $$ran; fi
	for name in redis web worker dashboard; do \
	  kubectl rollout status deployment/$$name -n image-gallery --timeout=300s || exit 1; \
	done

e2e: $(STAMP) k8s/overlays/kind/secret.env
	GALLERY_E2E=cluster .venv/bin/python -m pytest tests/e2e/test_cluster.py -v -s

e2e-compose: $(STAMP)
	GALLERY_E2E=compose COMPOSE="$(COMPOSE)" .venv/bin/python -m pytest tests/e2e/test_compose.py -v -s

rules: ## make the PrometheusRules of k8s/components/metrics from monitoring/
	k8s/rules

# apart from `make check`: checkov brings a hundred packages
lint-deploy: .venv/.checkov/.installed
	k8s/lint

.venv/.checkov/.installed: requirements/checkov.txt $(STAMP)
	.venv/bin/python -m venv --clear .venv/.checkov
	.venv/.checkov/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	touch $@
