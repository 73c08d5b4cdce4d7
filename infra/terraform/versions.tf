terraform {
  required_version = ">= 1.9"
  required_providers {
    google = {
      source = "hashicorp/google"
      # The one that the tests' schema is of.
      version = "6.50.0"
    }
  }
  # The bucket is made by `npm run deploy`, which names it: -backend-config=bucket=…
  backend "gcs" {
    prefix = "tablao"
  }
}

provider "google" {
  project = var.project
  region  = var.region
  # Calls that belong to no project (the budget's) are counted on ours.
  user_project_override = true
  billing_project       = var.project
}

data "google_project" "this" {
  project_id = var.project
}
