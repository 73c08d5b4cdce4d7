# Google's own word by e-mail to the billing account's administrators. It stops nothing: the service does that by
# MONTHLY_BUDGET_DOLLARS, from prices and hours, hours before Google's bill knows.
resource "google_billing_budget" "farm" {
  count           = var.billing_account == "" ? 0 : 1
  billing_account = var.billing_account
  display_name    = "Tablao in ${var.project}"
  budget_filter {
    projects = ["projects/${data.google_project.this.number}"]
  }
  # In the currency of the billing account: leaving out its code takes that.
  amount {
    specified_amount {
      units = tostring(var.monthly_dollars)
    }
  }
  dynamic "threshold_rules" {
    for_each = [0.5, 0.9, 1]
    content {
      threshold_percent = threshold_rules.value
    }
  }
  threshold_rules {
    threshold_percent = 1
    spend_basis       = "FORECASTED_SPEND"
  }
  depends_on = [google_project_service.needed]
}
