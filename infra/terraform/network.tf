# A network of our own: the default one is missing in many projects, and open to more than we need.
resource "google_compute_network" "farm" {
  name                    = "tablao"
  auto_create_subnetworks = false
  depends_on              = [google_project_service.needed]
}

resource "google_compute_subnetwork" "farm" {
  name          = "tablao"
  network       = google_compute_network.farm.id
  region        = var.region
  ip_cidr_range = "10.10.0.0/20"
  # Nodes have no public addresses; images and buckets are reached this way, without Cloud NAT.
  private_ip_google_access = true
  lifecycle {
    # GKE adds ranges for pods and services, and takes them away with the cluster.
    ignore_changes = [secondary_ip_range]
  }
}
