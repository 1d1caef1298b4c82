# Images, Compose and Kubernetes; included by the Makefile.
COMPOSE ?= docker compose
DOCKER_BUILD ?= docker build
TAG ?= dev

.PHONY: images up down e2e-compose

images:
	for part in web worker; do \
	  DOCKER_BUILDKIT=1 $(DOCKER_BUILD) --file Dockerfile.$$part --tag image-gallery-$$part:$(TAG) \
	    --build-arg VERSION=$(TAG) --build-arg REVISION=$$(git rev-parse HEAD) . || exit 1; \
	done

.env:
	@$(PYTHON) -m launcher.secrets $@

up: .env images
	$(COMPOSE) up --no-build --detach --wait

down:
	$(COMPOSE) down

e2e-compose: $(STAMP)
	GALLERY_E2E=compose COMPOSE="$(COMPOSE)" .venv/bin/python -m pytest tests/e2e/test_compose.py -v -s
