variable "project" {
  description = "Id of the Google Cloud project. Best one of its own: some rights of the service hold for all clusters in it."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "project is a project's id: 6 to 30 small letters, digits and hyphens, beginning with a letter. (Its name or number will not do.)"
  }
}

variable "region" {
  description = "Where everything is: services, buckets, farm."
  type        = string
  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region looks like europe-west1. (europe-west1-b is a zone: leave out its letter.)"
  }
}

variable "zones" {
  description = "Zones for the farm, tried in turn. The machine types of `pools` must be offered there."
  type        = list(string)
  validation {
    condition     = length(var.zones) > 0 && alltrue([for zone in var.zones : startswith(zone, "${var.region}-")])
    error_message = "zones must name at least one zone, all of them in `region`."
  }
}

variable "monthly_dollars" {
  description = "The farm's spending stops at this much a month, and Google's budget alert is set to it."
  type        = number
  validation {
    condition     = var.monthly_dollars >= 1 && var.monthly_dollars == floor(var.monthly_dollars)
    error_message = "monthly_dollars must be a whole number of dollars, at least 1."
  }
}

variable "billing_account" {
  description = "Id of the billing account (0X0X0X-0X0X0X-0X0X0X) for Google's budget alert; empty = no alert. The account of the deploying person needs roles/billing.costsManager on it."
  type        = string
  default     = ""
  validation {
    condition     = var.billing_account == "" || can(regex("^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$", var.billing_account))
    error_message = "billing_account looks like 01AB23-45CD67-89EF01; `gcloud billing projects describe PROJECT` tells it."
  }
}

variable "images" {
  description = "The three images, best with their digest."
  type        = object({ control = string, manager = string, worker = string })
  validation {
    condition     = alltrue([for image in values(var.images) : can(regex("^[a-z0-9.-]+/[^\\s]+[:@][^\\s]+$", image))])
    error_message = "images must be full references with a tag or digest: HOST/PATH@sha256:…"
  }
}

variable "blenders" {
  description = "Versions of Blender in the worker image, newest first; `npm run deploy` builds it with these (docker/versions lists what can be had)."
  type        = list(string)
  default     = ["5.1.1", "4.5.11"]
  validation {
    condition     = length(var.blenders) > 0 && alltrue([for version in var.blenders : can(regex("^[0-9]+\\.[0-9]+\\.[0-9]+$", version))])
    error_message = "blenders are full versions, such as 4.5.11."
  }
}

variable "people" {
  description = "Who may use the page: user:anna@film.example, group:artists@film.example or domain:film.example."
  type        = list(string)
  default     = []
  validation {
    condition     = alltrue([for person in var.people : can(regex("^(user|group|domain|serviceAccount):[^\\s:]+$", person))])
    error_message = "people are written as user:ADDRESS, group:ADDRESS, serviceAccount:ADDRESS or domain:NAME. (allUsers is refused: the page commands machines that cost money.)"
  }
}

variable "pools" {
  description = "Pools of workers in the form of the service's variable POOLS; null = the one that pools.tf describes."
  type        = any
  default     = null
}

variable "prices_date" {
  description = "When the prices in `pools` were looked up. Older than 30 days (as by default), the caps count on-demand prices."
  type        = string
  default     = "2025-01-01"
  validation {
    condition     = can(formatdate("YYYY", "${var.prices_date}T00:00:00Z"))
    error_message = "prices_date is a day: 2026-11-24."
  }
}

variable "settings" {
  description = "More environment variables of the service, such as IDLE_TEARDOWN_SECONDS = \"300\"."
  type        = map(string)
  default     = {}
  # A name that nobody reads would leave its default in force without a word, and so would one that the deployment sets.
  validation {
    condition = length(setsubtract(keys(var.settings), [
      "ALLOW_SCENE_SCRIPTS", "AUTH_AUDIENCE", "BUDGET_STOP", "CHECK_FIRST", "DEADMAN_MINUTES", "DROUGHT_MINUTES",
      "FIXED_PRICE_PER_HOUR", "IDLE_TEARDOWN_SECONDS", "IGNORE_GLOBS", "KEEP_CONTROL_PLANE", "KNOWN_HOSTS", "LOG_LEVEL",
      "MANAGER_MACHINE_TYPE", "MANAGER_UNREACHABLE_SECONDS", "MAX_AT_ONCE", "MAX_FARM_HOURS", "MAX_UNKNOWN_HOURS",
      "MISSING_FILES_GRACE_HOURS", "PEOPLE", "SETTLE_SECONDS", "VALUE_OF_TIME_PER_HOUR",
      "SIGN_IN_CLIENT_SECRET", "SESSION_KEY", "NOTIFY_WEBHOOK_URL", "NOTIFY_WEBHOOK_SECRET", # refused below
    ])) == 0
    error_message = "settings has a name that is none of the service's (README.md lists them: is it spelled right?), or that follows from other variables: monthly_dollars, pools, prices_date, blenders, images, zones, people, sign_in_client_id."
  }
  validation {
    condition     = length(setintersection(keys(var.settings), ["SIGN_IN_CLIENT_SECRET", "SESSION_KEY", "NOTIFY_WEBHOOK_URL", "NOTIFY_WEBHOOK_SECRET"])) == 0
    error_message = "Everybody who may look at the services could read SIGN_IN_CLIENT_SECRET, SESSION_KEY, NOTIFY_WEBHOOK_URL and NOTIFY_WEBHOOK_SECRET there: put them into Secret Manager, and their names into secrets."
  }
}

variable "secrets" {
  description = "Environment variables of the services that are secret, and the names of their secrets in Secret Manager, whose newest versions count: SIGN_IN_CLIENT_SECRET, SESSION_KEY, NOTIFY_WEBHOOK_URL, NOTIFY_WEBHOOK_SECRET."
  type        = map(string)
  default     = {}
  validation {
    condition     = length(setsubtract(keys(var.secrets), ["SIGN_IN_CLIENT_SECRET", "SESSION_KEY", "NOTIFY_WEBHOOK_URL", "NOTIFY_WEBHOOK_SECRET"])) == 0
    error_message = "secrets are SIGN_IN_CLIENT_SECRET, SESSION_KEY, NOTIFY_WEBHOOK_URL and NOTIFY_WEBHOOK_SECRET. (Others are no secrets: put them into settings.)"
  }
}

variable "sign_in_client_id" {
  description = "An OAuth client of the type web application: people sign in to the page with their Google account. Wants SIGN_IN_CLIENT_SECRET and SESSION_KEY in `secrets`. Empty = people come as IAM lets them (`npm run proxy`)."
  type        = string
  default     = ""
  validation {
    condition     = var.sign_in_client_id == "" || endswith(var.sign_in_client_id, ".apps.googleusercontent.com")
    error_message = "sign_in_client_id ends with .apps.googleusercontent.com."
  }
  validation {
    condition     = (var.sign_in_client_id != "") == contains(keys(var.secrets), "SIGN_IN_CLIENT_SECRET") && (var.sign_in_client_id != "") == contains(keys(var.secrets), "SESSION_KEY")
    error_message = "sign_in_client_id, and SIGN_IN_CLIENT_SECRET and SESSION_KEY in secrets, belong together: nobody could sign in. Give all three, or none."
  }
  validation {
    condition     = var.sign_in_client_id == "" || (length(var.people) > 0 && !anytrue([for person in var.people : startswith(person, "group:")]))
    error_message = "With sign_in_client_id the page itself asks who is let in, and it cannot look into groups: name people as user: and domain:."
  }
}

variable "soft_delete_days" {
  description = "How long deleted and overwritten scenes and renders can be brought back (and are billed); 0 or 7 to 90."
  type        = number
  default     = 7
  validation {
    condition     = var.soft_delete_days == 0 || (var.soft_delete_days >= 7 && var.soft_delete_days <= 90)
    error_message = "soft_delete_days must be 0, or 7 to 90: Cloud Storage allows nothing between."
  }
}
