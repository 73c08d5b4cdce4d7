locals {
  day_seconds = 24 * 60 * 60
}

resource "google_storage_bucket" "scenes" {
  name                        = "${var.project}-tablao-scenes"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false
  labels                      = local.labels
  soft_delete_policy {
    retention_duration_seconds = var.soft_delete_days * local.day_seconds
  }
  # The page uploads straight to the bucket; `npm run proxy` opens it at this port.
  cors {
    origin          = [local.url.page, "http://127.0.0.1:8080", "http://localhost:8080"]
    method          = ["PUT"]
    response_header = ["Content-Type", "Content-Range", "Range"]
    max_age_seconds = 3600
  }
  lifecycle_rule {
    # What a broken off parallel upload of gcloud leaves behind.
    condition {
      age            = 1
      matches_prefix = ["gcloud/tmp/"]
    }
    action {
      type = "Delete"
    }
  }
  depends_on = [google_project_service.needed]
}

# Never emptied by us: `npm run destroy` leaves it, unless told otherwise.
resource "google_storage_bucket" "renders" {
  name                        = "${var.project}-tablao-renders"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false
  labels                      = local.labels
  soft_delete_policy {
    retention_duration_seconds = var.soft_delete_days * local.day_seconds
  }
  depends_on = [google_project_service.needed]
}

resource "google_storage_bucket" "state" {
  name                        = "${var.project}-tablao-state"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  # Nothing here is worth more than the deployment that it belongs to.
  force_destroy = true
  labels        = local.labels
  # status.json is overwritten every few seconds: kept copies would cost more than all the rest.
  soft_delete_policy {
    retention_duration_seconds = 0
  }
  lifecycle_rule {
    # Obeyed commands are deleted at once; these were lost on the way.
    condition {
      age            = 30
      matches_prefix = ["commands/"]
    }
    action {
      type = "Delete"
    }
  }
  depends_on = [google_project_service.needed]
}
