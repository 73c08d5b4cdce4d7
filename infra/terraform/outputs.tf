output "page_url" {
  description = "The page. `npm run proxy` opens it with your identity."
  value       = local.url.page
}

output "control_url" {
  description = "The control service, which only machines may call."
  value       = local.url.control
}

output "scenes_bucket" {
  description = "Where scenes are uploaded."
  value       = google_storage_bucket.scenes.name
}

output "renders_bucket" {
  description = "Where frames arrive."
  value       = google_storage_bucket.renders.name
}

output "state_bucket" {
  description = "What the service remembers; status.json says how things stand."
  value       = google_storage_bucket.state.name
}

output "upload_command" {
  description = "Uploads a scene."
  value       = "gcloud storage cp SHOT.blend gs://${google_storage_bucket.scenes.name}/FILM/"
}
