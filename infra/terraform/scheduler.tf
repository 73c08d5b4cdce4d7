# Makes the control service look each minute. It is never paused by us: a paused job costs the same.
resource "google_cloud_scheduler_job" "tick" {
  name        = "tablao-tick"
  description = "Tablao looks at the farm"
  region      = var.region
  schedule    = "* * * * *"
  time_zone   = "Etc/UTC"
  # A tick that fails is followed by the next one. Longer than Cloud Run lets a request take: given up here while it still
  # runs there, the next one would come beside it.
  attempt_deadline = "240s"
  http_target {
    uri         = "${local.url.control}/tick"
    http_method = "POST"
    oidc_token {
      service_account_email = local.email.tick
      audience              = local.url.control
    }
  }
  depends_on = [google_cloud_run_v2_service_iam_member.tick_calls_control]
}

# GKE's own delete call, with nothing of ours between. The service sets cluster and time while a farm lives, and wakes
# the job (services/control/adapters/gcp/deadman.ts), so Terraform only sees to it that the job is there.
resource "google_cloud_scheduler_job" "deadman" {
  name        = "tablao-deadman"
  description = "Deletes a farm that nobody looks after"
  region      = var.region
  schedule    = "0 0 1 1 *"
  time_zone   = "Etc/UTC"
  paused      = true
  retry_config {
    # A deletion may be refused while another operation runs on the cluster.
    retry_count          = 5
    min_backoff_duration = "60s"
    max_backoff_duration = "3600s"
  }
  http_target {
    uri         = "https://container.googleapis.com/v1/projects/${var.project}/locations/${var.zones[0]}/clusters/none"
    http_method = "DELETE"
    oauth_token {
      service_account_email = local.email.deadman
      scope                 = "https://www.googleapis.com/auth/cloud-platform"
    }
  }
  lifecycle {
    # A deploy while a farm lives must not disarm it.
    ignore_changes = [schedule, paused, http_target]
  }
  depends_on = [google_project_iam_member.deadman]
}
