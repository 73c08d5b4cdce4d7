locals {
  # The usual pool: 16 processors on spot machines, then the same size of another kind, which seldom run short together.
  # Dollars an hour, roughly those of us-central1 and not looked up: see Google's list for your region, and give `pools`
  # and `prices_date`. Until then the caps count the on-demand price.
  usual_pools = [
    {
      name                 = "cpu"
      machineType          = "c3d-standard-16"
      vcpu                 = 16
      memoryGiB            = 64
      device               = "cpu"
      spotPricePerHour     = 0.29
      onDemandPricePerHour = 0.73
      max                  = 10
      fallbacks = [
        { machineType = "n2d-standard-16", vcpu = 16, memoryGiB = 64, spotPricePerHour = 0.27, onDemandPricePerHour = 0.68 },
      ]
    },
  ]
  # As text: the two need not be of one type.
  pools = var.pools == null ? jsonencode(local.usual_pools) : jsonencode(var.pools)
}
