locals {
  services = concat(length(var.secrets) > 0 ? ["secretmanager"] : [], [
    "artifactregistry", "billingbudgets", "cloudbuild", "cloudresourcemanager", "cloudscheduler", "compute", "container",
    # Image streaming: workers start before their image is there in whole.
    "containerfilesystem",
    "iam", "iamcredentials", "logging", "pubsub", "run", "storage",
  ])
}

# Never switched off again: other things in the project may use them.
resource "google_project_service" "needed" {
  for_each           = toset(local.services)
  service            = "${each.key}.googleapis.com"
  disable_on_destroy = false
}
