# Upload -> notification of the bucket -> topic -> push to the control service. What it refuses for a day is kept.
locals {
  pubsub_agent = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
}

data "google_storage_project_service_account" "agent" {
  project    = var.project
  depends_on = [google_project_service.needed]
}

resource "google_pubsub_topic" "uploads" {
  name       = "tablao-uploads"
  labels     = local.labels
  depends_on = [google_project_service.needed]
}

resource "google_pubsub_topic" "dead_uploads" {
  name       = "tablao-uploads-dead"
  labels     = local.labels
  depends_on = [google_project_service.needed]
}

resource "google_storage_notification" "uploads" {
  bucket         = google_storage_bucket.scenes.name
  topic          = google_pubsub_topic.uploads.id
  payload_format = "JSON_API_V1"
  event_types    = ["OBJECT_FINALIZE"]
  depends_on     = [google_pubsub_topic_iam_member.storage_tells_of_uploads]
}

resource "google_pubsub_subscription" "uploads" {
  name   = "tablao-uploads"
  topic  = google_pubsub_topic.uploads.id
  labels = local.labels
  # The answer comes at once, but a cold start may take longer than the ten seconds that are usual.
  ack_deadline_seconds       = 60
  message_retention_duration = "${local.day_seconds}s"
  push_config {
    push_endpoint = "${local.url.control}/events/storage"
    oidc_token {
      service_account_email = local.email.events
      audience              = local.url.control
    }
  }
  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }
  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.dead_uploads.id
    max_delivery_attempts = 100
  }
  # Never, or it would be gone after a month without uploads.
  expiration_policy {
    ttl = ""
  }
  depends_on = [google_cloud_run_v2_service_iam_member.events_call_control, google_pubsub_topic_iam_member.pubsub_buries]
}

# For a person to look into. Nothing is lost with them: the service lists the bucket every 15 minutes.
resource "google_pubsub_subscription" "dead_uploads" {
  name                       = "tablao-uploads-dead"
  topic                      = google_pubsub_topic.dead_uploads.id
  labels                     = local.labels
  message_retention_duration = "${7 * local.day_seconds}s"
  expiration_policy {
    ttl = ""
  }
}
