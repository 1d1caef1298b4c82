"""The steps of a release that are scripts: the workflow runs them, docs/release.md says when. Needs Python alone."""
