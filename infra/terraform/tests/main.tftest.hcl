# `terraform test` with a mocked provider: nothing of Google's is asked or made.
mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789" }
  }
  mock_data "google_storage_project_service_account" {
    defaults = { member = "serviceAccount:storage-agent@gs.iam.gserviceaccount.com" }
  }
}

variables {
  project         = "film-farm"
  region          = "europe-west1"
  zones           = ["europe-west1-b", "europe-west1-c"]
  monthly_dollars = 200
  billing_account = "01AB23-45CD67-89EF01"
  people          = ["user:anna@film.example"]
  images = {
    control = "europe-west1-docker.pkg.dev/film-farm/tablao/control@sha256:c0"
    manager = "europe-west1-docker.pkg.dev/film-farm/tablao/manager@sha256:a0"
    worker  = "europe-west1-docker.pkg.dev/film-farm/tablao/worker@sha256:b0"
  }
}

run "buckets_are_closed" {
  command = plan
  assert {
    condition = alltrue([
      for bucket in [google_storage_bucket.scenes, google_storage_bucket.renders, google_storage_bucket.state] :
      bucket.uniform_bucket_level_access && bucket.public_access_prevention == "enforced" && bucket.location == "europe-west1"
    ])
    error_message = "A bucket is open, or elsewhere."
  }
  assert {
    condition     = google_storage_bucket.state.soft_delete_policy[0].retention_duration_seconds == 0
    error_message = "Copies of the state would be kept and billed."
  }
  assert {
    condition = !anytrue([
      for bucket in [google_storage_bucket.scenes, google_storage_bucket.renders] : bucket.force_destroy
    ])
    error_message = "Scenes or renders could be deleted by a mistake."
  }
}

run "callers_are_known" {
  command = plan
  assert {
    condition     = google_cloud_run_v2_service.control.ingress == "INGRESS_TRAFFIC_INTERNAL_ONLY"
    error_message = "The control service can be reached from outside."
  }
  assert {
    condition     = google_pubsub_subscription.uploads.push_config[0].push_endpoint == "https://tablao-control-123456789.europe-west1.run.app/events/storage"
    error_message = "Uploads are told to somebody else."
  }
  assert {
    condition     = google_pubsub_subscription.uploads.push_config[0].oidc_token[0].audience == local.env_of.control.AUTH_AUDIENCE
    error_message = "The service would refuse the tokens of the uploads."
  }
  assert {
    condition     = google_cloud_scheduler_job.tick.http_target[0].oidc_token[0].audience == local.env_of.control.AUTH_AUDIENCE
    error_message = "The service would refuse the tokens of the tick."
  }
  assert {
    condition = (
      tonumber(trimsuffix(google_cloud_scheduler_job.tick.attempt_deadline, "s")) >
      tonumber(trimsuffix(google_cloud_run_v2_service.control.template[0].timeout, "s"))
    )
    error_message = "A tick would be given up while it still runs, and the next one begin beside it."
  }
  assert {
    condition     = google_pubsub_subscription.uploads.expiration_policy[0].ttl == ""
    error_message = "The subscription would expire."
  }
}

run "browsers_may_upload_from_the_page_and_the_proxy" {
  command = plan
  assert {
    condition = alltrue([
      for origin in ["https://tablao-page-123456789.europe-west1.run.app", "http://127.0.0.1:8080", "http://localhost:8080"] :
      contains(google_storage_bucket.scenes.cors[0].origin, origin)
    ]) && join(" ", google_storage_bucket.scenes.cors[0].method) == "PUT"
    error_message = "Uploads from the page would be refused by the browser."
  }
  assert {
    condition     = alltrue([for header in ["Content-Range", "Range"] : contains(google_storage_bucket.scenes.cors[0].response_header, header)])
    error_message = "An upload that broke off could not go on."
  }
}

run "nobody_but_people_reaches_the_page" {
  command = plan
  assert {
    condition     = length(google_cloud_run_v2_service_iam_member.everybody_reaches_sign_in) == 0 && local.env_of.page.AUTH_MODE == "private"
    error_message = "Everybody reaches the page."
  }
}

run "sign_in_opens_the_page_and_asks_who_it_is" {
  command = plan
  variables {
    people            = ["user:anna@film.example", "domain:studio.example"]
    sign_in_client_id = "1-a.apps.googleusercontent.com"
    secrets           = { SIGN_IN_CLIENT_SECRET = "tablao-sign-in", SESSION_KEY = "tablao-session", NOTIFY_WEBHOOK_URL = "tablao-notify" }
  }
  assert {
    condition     = google_cloud_run_v2_service_iam_member.everybody_reaches_sign_in[0].member == "allUsers" && local.env_of.page.AUTH_MODE == "public"
    error_message = "Nobody could sign in."
  }
  assert {
    condition     = local.env_of.page.PEOPLE == "anna@film.example,@studio.example"
    error_message = "Others are let in than said."
  }
  assert {
    condition     = local.env_of.control.AUTH_MODE == "private" && google_cloud_run_v2_service.control.ingress == "INGRESS_TRAFFIC_INTERNAL_ONLY"
    error_message = "The control service was opened, too."
  }
  assert {
    condition     = join(" ", keys(local.secrets_of.page)) == "SESSION_KEY SIGN_IN_CLIENT_SECRET" && join(" ", keys(local.secrets_of.control)) == "NOTIFY_WEBHOOK_URL"
    error_message = "A service is told a secret that is not its own."
  }
}

run "refuses_sign_in_without_its_secrets" {
  command = plan
  variables {
    sign_in_client_id = "1-a.apps.googleusercontent.com"
  }
  expect_failures = [var.sign_in_client_id]
}

run "refuses_sign_in_of_groups" {
  command = plan
  variables {
    people            = ["group:artists@film.example"]
    sign_in_client_id = "1-a.apps.googleusercontent.com"
    secrets           = { SIGN_IN_CLIENT_SECRET = "tablao-sign-in", SESSION_KEY = "tablao-session" }
  }
  expect_failures = [var.sign_in_client_id]
}

run "refuses_secrets_that_nobody_reads" {
  command = plan
  variables {
    secrets = { PASSWORD = "mine" }
  }
  expect_failures = [var.secrets]
}

run "the_deadman_sleeps_until_a_farm_lives" {
  command = plan
  assert {
    condition     = google_cloud_scheduler_job.deadman.paused
    error_message = "It would call at once."
  }
  assert {
    condition     = google_cloud_scheduler_job.deadman.http_target[0].http_method == "DELETE"
    error_message = "It would delete nothing."
  }
}

run "google_warns_at_the_cap" {
  command = plan
  assert {
    condition     = google_billing_budget.farm[0].amount[0].specified_amount[0].units == local.env.MONTHLY_BUDGET_DOLLARS
    error_message = "Google's alert and the service's cap differ."
  }
}

run "no_billing_account_no_alert" {
  command = plan
  variables {
    billing_account = ""
  }
  assert {
    condition     = length(google_billing_budget.farm) == 0
    error_message = "There is a budget without a billing account."
  }
}

run "refuses_a_name_for_an_id" {
  command = plan
  variables {
    project = "Film Farm"
  }
  expect_failures = [var.project]
}

run "refuses_a_zone_for_a_region" {
  command = plan
  variables {
    region = "europe-west1-b"
  }
  expect_failures = [var.region]
}

run "refuses_zones_elsewhere" {
  command = plan
  variables {
    zones = ["us-central1-a"]
  }
  expect_failures = [var.zones]
}

run "refuses_a_cap_of_nothing" {
  command = plan
  variables {
    monthly_dollars = 0
  }
  expect_failures = [var.monthly_dollars]
}

run "refuses_everybody" {
  command = plan
  variables {
    people = ["allUsers"]
  }
  expect_failures = [var.people]
}

run "refuses_an_image_without_tag" {
  command = plan
  variables {
    images = { control = "host.example/control", manager = "host.example/manager:1", worker = "host.example/worker:1" }
  }
  expect_failures = [var.images]
}

run "refuses_settings_that_follow" {
  command = plan
  variables {
    settings = { ROLE = "both" }
  }
  expect_failures = [var.settings]
}

run "refuses_settings_that_nobody_reads" {
  command = plan
  variables {
    settings = { IDLE_TEARDOWN_SECOND = "60" }
  }
  expect_failures = [var.settings]
}

run "refuses_settings_that_other_variables_give" {
  command = plan
  variables {
    settings = { MONTHLY_BUDGET_DOLLARS = "5000" }
  }
  expect_failures = [var.settings]
}

run "refuses_secrets_that_all_may_read" {
  command = plan
  variables {
    settings = { NOTIFY_WEBHOOK_URL = "https://hooks.example/1" }
  }
  expect_failures = [var.settings]
}

run "refuses_three_days_of_soft_delete" {
  command = plan
  variables {
    soft_delete_days = 3
  }
  expect_failures = [var.soft_delete_days]
}

run "pools_of_ones_own_are_taken_as_they_are" {
  command = plan
  variables {
    pools = [
      {
        name             = "cpu", machineType = "c3d-standard-32", vcpu = 32, memoryGiB = 128, max = 4,
        spotPricePerHour = 0.5, fallbacks = [{ zone = "europe-west1-c" }, { onDemand = true }], onDemandPricePerHour = 1.4
      },
      {
        name             = "gpu", machineType = "g2-standard-8", vcpu = 8, memoryGiB = 32, max = 8, device = "optix",
        spotPricePerHour = 0.34, gpu = { type = "nvidia-l4", count = 1 }
      },
    ]
  }
  assert {
    condition     = local.env_of.control.POOLS == jsonencode(var.pools)
    error_message = "The service is told of other pools."
  }
}
