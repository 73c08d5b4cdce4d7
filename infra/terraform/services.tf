# One image, two roles: `control` for machines, `page` for people.
locals {
  # Known before the services are, so that they and those who call them can be told.
  url = { for role in ["control", "page"] : role => "https://tablao-${role}-${data.google_project.this.number}.${var.region}.run.app" }
  # Tokens of `gcloud auth print-identity-token` are for gcloud itself: people who come by `npm run proxy` have these.
  gcloud_audience = "32555940559.apps.googleusercontent.com"

  env = {
    PROJECT                 = var.project
    REGION                  = var.region
    ZONES                   = join(",", var.zones)
    SCENES_BUCKET           = google_storage_bucket.scenes.name
    RENDERS_BUCKET          = google_storage_bucket.renders.name
    STATE_BUCKET            = google_storage_bucket.state.name
    FARM                    = local.labels.tablao
    NETWORK                 = google_compute_network.farm.name
    SUBNETWORK              = google_compute_subnetwork.farm.name
    NODE_SERVICE_ACCOUNT    = local.email.nodes
    DEADMAN_SERVICE_ACCOUNT = local.email.deadman
    EVENTS_SERVICE_ACCOUNT  = local.email.events
    TICK_SERVICE_ACCOUNT    = local.email.tick
    TICK_JOB                = "projects/${var.project}/locations/${var.region}/jobs/tablao-tick"
    DEADMAN_JOB             = "projects/${var.project}/locations/${var.region}/jobs/tablao-deadman"
    MANAGER_IMAGE           = var.images.manager
    WORKER_IMAGE            = var.images.worker
    BLENDERS                = join(",", var.blenders)
    POOLS                   = local.pools
    PRICES_DATE             = var.prices_date
    MONTHLY_BUDGET_DOLLARS  = tostring(var.monthly_dollars)
    AUTH_MODE               = "private"
  }
  env_of = {
    control = merge(var.settings, local.env, { ROLE = "control", AUTH_AUDIENCE = local.url.control })
    page = merge(var.settings, local.env, {
      ROLE = "page"
      # Behind IAP also its resource's name, from settings.
      AUTH_AUDIENCE = join(",", compact([local.url.page, local.gcloud_audience, lookup(var.settings, "AUTH_AUDIENCE", "")]))
    }, local.has_sign_in ? local.sign_in : {})
  }
  # With it the page is open to everybody and asks by itself who is let in: `domain:film.example` is @film.example there.
  has_sign_in = var.sign_in_client_id != ""
  sign_in = {
    AUTH_MODE         = "public"
    SIGN_IN_CLIENT_ID = var.sign_in_client_id
    PEOPLE            = join(",", [for person in var.people : replace(replace(person, "/^(user|serviceAccount):/", ""), "/^domain:/", "@")])
  }
  # Each secret is for one of the two.
  secrets_of = {
    control = { for name, secret in var.secrets : name => secret if startswith(name, "NOTIFY_") }
    page    = { for name, secret in var.secrets : name => secret if !startswith(name, "NOTIFY_") }
  }
}

resource "google_cloud_run_v2_service" "control" {
  name     = "tablao-control"
  location = var.region
  # Pub/Sub and Cloud Scheduler of this project count as internal; nobody else has anything to say to it.
  ingress             = "INGRESS_TRAFFIC_INTERNAL_ONLY"
  deletion_protection = false
  labels              = local.labels
  template {
    service_account                  = local.email.control
    timeout                          = "180s"
    max_instance_request_concurrency = 20
    execution_environment            = "EXECUTION_ENVIRONMENT_GEN2"
    labels                           = local.labels
    scaling {
      min_instance_count = 0
      # Not one: the limit is no lock (the lease is), and the old revision may still end its pass.
      max_instance_count = 2
    }
    containers {
      image = var.images.control
      resources {
        limits = { cpu = "1", memory = "1Gi" }
        # CPU only while a request is answered, and more of it while it starts.
        cpu_idle          = true
        startup_cpu_boost = true
      }
      dynamic "env" {
        for_each = local.env_of.control
        content {
          name  = env.key
          value = env.value
        }
      }
      dynamic "env" {
        for_each = local.secrets_of.control
        content {
          name = env.key
          value_source {
            secret_key_ref {
              secret  = env.value
              version = "latest"
            }
          }
        }
      }
    }
  }
  depends_on = [
    google_project_iam_member.control,
    google_storage_bucket_iam_member.control_keeps_state,
    google_storage_bucket_iam_member.control_reads_renders,
    google_storage_bucket_iam_member.control_reads_scenes,
    google_storage_bucket_iam_member.control_reads_state,
    google_storage_bucket_iam_member.control_writes_reports,
    google_secret_manager_secret_iam_member.services_read_secrets,
  ]
}

resource "google_cloud_run_v2_service" "page" {
  name                = "tablao-page"
  location            = var.region
  ingress             = "INGRESS_TRAFFIC_ALL"
  deletion_protection = false
  labels              = local.labels
  template {
    service_account = local.email.page
    # All frames of a shot may be fetched as one archive.
    timeout                          = "3600s"
    max_instance_request_concurrency = 80
    execution_environment            = "EXECUTION_ENVIRONMENT_GEN2"
    labels                           = local.labels
    scaling {
      min_instance_count = 0
      max_instance_count = 3
    }
    containers {
      image = var.images.control
      resources {
        limits            = { cpu = "1", memory = "512Mi" }
        cpu_idle          = true
        startup_cpu_boost = true
      }
      dynamic "env" {
        for_each = local.env_of.page
        content {
          name  = env.key
          value = env.value
        }
      }
      dynamic "env" {
        for_each = local.secrets_of.page
        content {
          name = env.key
          value_source {
            secret_key_ref {
              secret  = env.value
              version = "latest"
            }
          }
        }
      }
    }
  }
  depends_on = [
    google_project_iam_member.page,
    google_storage_bucket_iam_member.page_looks_at_scenes,
    google_storage_bucket_iam_member.page_reads_renders,
    google_storage_bucket_iam_member.page_reads_state,
    google_storage_bucket_iam_member.page_uploads_scenes,
    google_storage_bucket_iam_member.page_writes_commands,
    google_secret_manager_secret_iam_member.services_read_secrets,
  ]
}
