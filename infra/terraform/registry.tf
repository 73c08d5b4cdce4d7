resource "google_artifact_registry_repository" "images" {
  repository_id = "tablao"
  location      = var.region
  format        = "DOCKER"
  description   = "Tablao's images"
  labels        = local.labels
  # A worker image is gigabytes, and each deploy may add one.
  cleanup_policies {
    id     = "keep-the-newest"
    action = "KEEP"
    most_recent_versions {
      keep_count = 3
    }
  }
  cleanup_policies {
    id     = "delete-the-old"
    action = "DELETE"
    condition {
      tag_state  = "ANY"
      older_than = "${30 * local.day_seconds}s"
    }
  }
  depends_on = [google_project_service.needed]
}
