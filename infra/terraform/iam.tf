# Every right that anybody gets. The README beside this file lists them with their reasons; a test compares the two.
# Always one member at a time: what others have in the project stays theirs.

resource "google_project_iam_member" "control" {
  project = var.project
  role    = google_project_iam_custom_role.control.name
  member  = local.member.control
}

resource "google_project_iam_member" "page" {
  project = var.project
  role    = google_project_iam_custom_role.page.name
  member  = local.member.page
}

resource "google_project_iam_member" "deadman" {
  project = var.project
  role    = google_project_iam_custom_role.deadman.name
  member  = local.member.deadman
}

resource "google_project_iam_member" "nodes" {
  project = var.project
  role    = "roles/container.defaultNodeServiceAccount"
  member  = local.member.nodes
}

resource "google_project_iam_member" "build" {
  project = var.project
  role    = "roles/logging.logWriter"
  member  = local.member.build
}

resource "google_service_account_iam_member" "control_runs_nodes_as" {
  service_account_id = google_service_account.of["nodes"].name
  role               = "roles/iam.serviceAccountUser"
  member             = local.member.control
}

resource "google_service_account_iam_member" "control_sets_deadman" {
  service_account_id = google_service_account.of["deadman"].name
  role               = "roles/iam.serviceAccountUser"
  member             = local.member.control
}

resource "google_service_account_iam_member" "pubsub_speaks_as_events" {
  service_account_id = google_service_account.of["events"].name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = local.pubsub_agent
}

resource "google_storage_bucket_iam_member" "control_reads_scenes" {
  bucket = google_storage_bucket.scenes.name
  role   = "roles/storage.objectViewer"
  member = local.member.control
}

resource "google_storage_bucket_iam_member" "control_reads_renders" {
  bucket = google_storage_bucket.renders.name
  role   = "roles/storage.objectViewer"
  member = local.member.control
}

resource "google_storage_bucket_iam_member" "control_writes_reports" {
  bucket = google_storage_bucket.renders.name
  role   = google_project_iam_custom_role.writer.name
  member = local.member.control
  condition {
    title      = "reports"
    expression = "resource.name.endsWith(\"/report.json\")"
  }
}

resource "google_storage_bucket_iam_member" "control_reads_state" {
  bucket = google_storage_bucket.state.name
  role   = "roles/storage.objectViewer"
  member = local.member.control
}

resource "google_storage_bucket_iam_member" "control_keeps_state" {
  bucket = google_storage_bucket.state.name
  role   = google_project_iam_custom_role.writer.name
  member = local.member.control
}

resource "google_storage_bucket_iam_member" "page_looks_at_scenes" {
  bucket = google_storage_bucket.scenes.name
  role   = "roles/storage.objectViewer"
  member = local.member.page
}

resource "google_storage_bucket_iam_member" "page_uploads_scenes" {
  bucket = google_storage_bucket.scenes.name
  role   = google_project_iam_custom_role.writer.name
  member = local.member.page
}

resource "google_storage_bucket_iam_member" "page_reads_renders" {
  bucket = google_storage_bucket.renders.name
  role   = "roles/storage.objectViewer"
  member = local.member.page
}

resource "google_storage_bucket_iam_member" "page_reads_state" {
  bucket = google_storage_bucket.state.name
  role   = "roles/storage.objectViewer"
  member = local.member.page
}

resource "google_storage_bucket_iam_member" "page_writes_commands" {
  bucket = google_storage_bucket.state.name
  role   = "roles/storage.objectCreator"
  member = local.member.page
  condition {
    title      = "commands"
    expression = "resource.name.startsWith(\"projects/_/buckets/${google_storage_bucket.state.name}/objects/commands/\")"
  }
}

resource "google_storage_bucket_iam_member" "workers_read_scenes" {
  bucket = google_storage_bucket.scenes.name
  role   = "roles/storage.objectViewer"
  member = local.workers
}

resource "google_storage_bucket_iam_member" "workers_write_renders" {
  bucket = google_storage_bucket.renders.name
  role   = "roles/storage.objectUser"
  member = local.workers
}

resource "google_artifact_registry_repository_iam_member" "nodes_pull" {
  repository = google_artifact_registry_repository.images.name
  location   = var.region
  role       = "roles/artifactregistry.reader"
  member     = local.member.nodes
}

resource "google_artifact_registry_repository_iam_member" "build_pushes" {
  repository = google_artifact_registry_repository.images.name
  location   = var.region
  role       = "roles/artifactregistry.writer"
  member     = local.member.build
}

resource "google_storage_bucket_iam_member" "build_reads_source" {
  bucket = "${var.project}-tablao-terraform"
  role   = "roles/storage.objectViewer"
  member = local.member.build
}

resource "google_cloud_run_v2_service_iam_member" "events_call_control" {
  name     = google_cloud_run_v2_service.control.name
  location = var.region
  role     = "roles/run.invoker"
  member   = local.member.events
}

resource "google_cloud_run_v2_service_iam_member" "tick_calls_control" {
  name     = google_cloud_run_v2_service.control.name
  location = var.region
  role     = "roles/run.invoker"
  member   = local.member.tick
}

resource "google_cloud_run_v2_service_iam_member" "people_call_page" {
  for_each = toset(var.people)
  name     = google_cloud_run_v2_service.page.name
  location = var.region
  role     = "roles/run.invoker"
  member   = each.key
}

# A browser brings nothing before somebody has signed in, and the page shows strangers nothing else.
resource "google_cloud_run_v2_service_iam_member" "everybody_reaches_sign_in" {
  count    = local.has_sign_in ? 1 : 0
  name     = google_cloud_run_v2_service.page.name
  location = var.region
  role     = "roles/run.invoker"
  member   = "allUsers"
}

resource "google_secret_manager_secret_iam_member" "services_read_secrets" {
  for_each   = var.secrets
  secret_id  = each.value
  role       = "roles/secretmanager.secretAccessor"
  member     = startswith(each.key, "NOTIFY_") ? local.member.control : local.member.page
  depends_on = [google_project_service.needed]
}

resource "google_pubsub_topic_iam_member" "storage_tells_of_uploads" {
  topic  = google_pubsub_topic.uploads.name
  role   = "roles/pubsub.publisher"
  member = data.google_storage_project_service_account.agent.member
}

resource "google_pubsub_topic_iam_member" "pubsub_buries" {
  topic  = google_pubsub_topic.dead_uploads.name
  role   = "roles/pubsub.publisher"
  member = local.pubsub_agent
}

resource "google_pubsub_subscription_iam_member" "pubsub_takes_off" {
  subscription = google_pubsub_subscription.uploads.name
  role         = "roles/pubsub.subscriber"
  member       = local.pubsub_agent
}
