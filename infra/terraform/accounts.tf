locals {
  # Who acts, and what for. iam.tf says what each may do.
  accounts = {
    control = "Tablao: the control service"
    page    = "Tablao: the page"
    events  = "Tablao: tells the control service of uploads"
    tick    = "Tablao: makes the control service look each minute"
    deadman = "Tablao: deletes a farm that nobody looks after"
    nodes   = "Tablao: the farm's machines"
    build   = "Tablao: builds the images"
  }
  email  = { for name, account in google_service_account.of : name => account.email }
  member = { for name, account in google_service_account.of : name => account.member }
  # Flamenco's workers: a Kubernetes service account, the same one in each cluster that is ever made. The manager needs
  # nothing of Google's and has none.
  workers = join("", [
    "principal://iam.googleapis.com/projects/${data.google_project.this.number}/locations/global",
    "/workloadIdentityPools/${var.project}.svc.id.goog/subject/ns/tablao/sa/tablao-worker",
  ])
  labels = { tablao = "tablao" }
}

resource "google_service_account" "of" {
  for_each     = local.accounts
  account_id   = "tablao-${each.key}"
  display_name = each.value
  depends_on   = [google_project_service.needed]
}
