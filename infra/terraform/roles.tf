# Rights that no role of Google's gives alone. The README beside this file says what each is for.
locals {
  # On the API server's service proxy: Flamenco Manager.
  manager_permissions = ["container.clusters.connect", "container.clusters.list", "container.services.proxy"]
  # What the chart consists of, and what orders, watches and ends workers.
  farm_objects = {
    configMaps      = ["create", "delete", "get", "update"]
    deployments     = ["create", "delete", "get", "update"]
    events          = ["list"]
    jobs            = ["create", "delete", "get", "list", "update"]
    namespaces      = ["create", "update"]
    networkPolicies = ["create", "delete", "get", "update"]
    pods            = ["list"]
    secrets         = ["create", "delete", "get", "list", "update"]
    serviceAccounts = ["create", "delete", "get", "update"]
    services        = ["create", "delete", "get", "update"]
  }
  control_permissions = concat(
    local.manager_permissions,
    ["container.clusters.create", "container.clusters.delete", "container.operations.get"],
    flatten([for kind, verbs in local.farm_objects : [for verb in verbs : "container.${kind}.${verb}"]]),
    ["compute.disks.delete", "compute.disks.list", "compute.instances.list", "compute.projects.get", "compute.regions.get"],
    [for verb in ["create", "delete", "enable", "run", "update"] : "cloudscheduler.jobs.${verb}"],
  )
  page_permissions = concat(local.manager_permissions, ["cloudscheduler.jobs.run"])
}

resource "google_project_iam_custom_role" "control" {
  role_id     = "tablaoControl"
  title       = "Tablao: control service"
  permissions = local.control_permissions
  depends_on  = [google_project_service.needed]
}

resource "google_project_iam_custom_role" "page" {
  role_id     = "tablaoPage"
  title       = "Tablao: page"
  permissions = local.page_permissions
  depends_on  = [google_project_service.needed]
}

resource "google_project_iam_custom_role" "deadman" {
  role_id     = "tablaoDeadman"
  title       = "Tablao: dead-man's switch"
  permissions = ["container.clusters.delete"]
  depends_on  = [google_project_service.needed]
}

# Google's role for writing objects also changes and lists them. To overwrite is to delete.
resource "google_project_iam_custom_role" "writer" {
  role_id     = "tablaoWriter"
  title       = "Tablao: writes and overwrites objects"
  permissions = ["storage.objects.create", "storage.objects.delete"]
  depends_on  = [google_project_service.needed]
}
