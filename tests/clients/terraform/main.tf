# Every kind of IAM resource that people manage with Terraform. `stage` changes what can be changed in place.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  skip_metadata_api_check = true
  default_tags { tags = { Owner = "operations" } }
}

variable "stage" { default = "one" }
variable "certificate" { type = string }
variable "private_key" { type = string }
variable "saml_metadata" { type = string }
variable "ssh_public_key" { type = string }

locals {
  account = data.aws_caller_identity.me.account_id
  second  = var.stage == "two"
}

data "aws_caller_identity" "me" {}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = [aws_iam_user.bob.arn, local.account]
    }
  }
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]
    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.issuer.arn]
    }
    condition {
      test     = "StringEquals"
      variable = "issuer.example.com:aud"
      values   = ["client"]
    }
  }
}

data "aws_iam_policy_document" "read" {
  statement {
    sid       = "Read"
    actions   = local.second ? ["s3:GetObject", "s3:ListBucket"] : ["s3:GetObject"]
    resources = ["arn:aws:s3:::amzn-s3-demo-bucket/$${aws:username}/*"]
  }
}

resource "aws_iam_user" "bob" {
  name                 = local.second ? "Robert" : "Bob"
  path                 = "/team/"
  permissions_boundary = aws_iam_policy.read.arn
  tags                 = { Team = "x", "a b" = "ü ñ" } # the provider tags by the new name before it renames
}

resource "aws_iam_access_key" "bob" {
  user   = aws_iam_user.bob.name
  status = local.second ? "Inactive" : "Active"
}

resource "aws_iam_user_login_profile" "bob" {
  user       = aws_iam_user.bob.name
  depends_on = [aws_iam_account_password_policy.strict]
}

resource "aws_iam_user_ssh_key" "bob" {
  username   = aws_iam_user.bob.name
  encoding   = "SSH"
  public_key = var.ssh_public_key
}

resource "aws_iam_signing_certificate" "bob" {
  user_name        = aws_iam_user.bob.name
  certificate_body = var.certificate
}

resource "aws_iam_service_specific_credential" "bob" {
  user_name    = aws_iam_user.bob.name
  service_name = "codecommit.amazonaws.com"
  status       = local.second ? "Inactive" : "Active"
}

resource "aws_iam_virtual_mfa_device" "phone" { virtual_mfa_device_name = "phone" }

resource "aws_iam_group" "readers" {
  name = local.second ? "Lookers" : "Readers"
  path = "/team/"
}

resource "aws_iam_group" "others" { name = "Others" }

resource "aws_iam_group_membership" "readers" {
  name  = "readers"
  group = aws_iam_group.readers.name
  users = [aws_iam_user.bob.name]
}

resource "aws_iam_user_group_membership" "bob" {
  user   = aws_iam_user.bob.name
  groups = [aws_iam_group.others.name]
}

resource "aws_iam_policy" "read" {
  name        = "read"
  path        = "/team/"
  description = "Reads."
  policy      = data.aws_iam_policy_document.read.json
  tags        = { stage = var.stage, Stage = "", }
}

resource "aws_iam_policy" "generated" {
  name_prefix = "generated-"
  policy = jsonencode({ Version = "2012-10-17", Statement = {
    Effect = "Allow", Action = "s3:*", Resource = "*", Condition = { Bool = { "aws:SecureTransport" = true } } } })
}

resource "aws_iam_role" "keeper" {
  name                 = "Keeper"
  path                 = "/team/"
  description          = "Keeps, stage ${var.stage}."
  max_session_duration = local.second ? 7200 : 3600
  permissions_boundary = local.second ? null : aws_iam_policy.read.arn
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  tags                 = { stage = var.stage }
}

resource "aws_iam_role_policy" "keeper" {
  role   = aws_iam_role.keeper.id
  policy = data.aws_iam_policy_document.read.json
}

resource "aws_iam_user_policy" "bob" {
  name   = "own"
  user   = aws_iam_user.bob.name
  policy = data.aws_iam_policy_document.read.json
}

resource "aws_iam_group_policy" "readers" {
  group  = aws_iam_group.readers.name
  policy = data.aws_iam_policy_document.read.json
}

resource "aws_iam_role_policy_attachment" "keeper" {
  role       = aws_iam_role.keeper.name
  policy_arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
}

resource "aws_iam_user_policy_attachment" "bob" {
  user       = aws_iam_user.bob.name
  policy_arn = aws_iam_policy.generated.arn
}

resource "aws_iam_group_policy_attachment" "readers" {
  group      = aws_iam_group.readers.name
  policy_arn = aws_iam_policy.generated.arn
}

resource "aws_iam_policy_attachment" "read" {
  name       = "read"
  policy_arn = aws_iam_policy.read.arn
  users      = [aws_iam_user.bob.name]
  roles      = [aws_iam_role.keeper.name]
  groups     = [aws_iam_group.readers.name]
}

resource "aws_iam_role_policies_exclusive" "keeper" {
  role_name    = aws_iam_role.keeper.name
  policy_names = [aws_iam_role_policy.keeper.name]
}

resource "aws_iam_user_policy_attachments_exclusive" "bob" {
  user_name   = aws_iam_user.bob.name
  policy_arns = [aws_iam_policy.read.arn, aws_iam_policy.generated.arn]
  depends_on  = [aws_iam_user_policy_attachment.bob, aws_iam_policy_attachment.read]
}

resource "aws_iam_instance_profile" "machines" {
  name = "Machines"
  role = aws_iam_role.keeper.name
  tags = { stage = var.stage }
}

resource "aws_iam_openid_connect_provider" "issuer" {
  url             = "https://issuer.example.com"
  client_id_list  = local.second ? ["client", "other"] : ["client"]
  thumbprint_list = [local.second ? "1111111111111111111111111111111111111111" : "0000000000000000000000000000000000000000"]
}

resource "aws_iam_saml_provider" "example" {
  name                   = "Example"
  saml_metadata_document = var.saml_metadata
  tags                   = { stage = var.stage }
}

resource "aws_iam_server_certificate" "www" {
  name             = local.second ? "www2" : "www"
  path             = "/team/"
  certificate_body = var.certificate
  private_key      = var.private_key
}

resource "aws_iam_service_linked_role" "scaling" {
  aws_service_name = "autoscaling.amazonaws.com"
  custom_suffix    = "night"
  description      = "Scales, stage ${var.stage}."
}

resource "aws_iam_account_alias" "example" { account_alias = "amzn-example" }

resource "aws_iam_account_password_policy" "strict" {
  minimum_password_length      = local.second ? 16 : 14
  require_numbers              = true
  require_symbols              = true
  require_lowercase_characters = true
  require_uppercase_characters = true
  password_reuse_prevention    = 5
  max_password_age             = 90
}

resource "aws_iam_security_token_service_preferences" "tokens" {
  global_endpoint_token_version = local.second ? "v2Token" : "v1Token"
}

data "aws_iam_policy" "read_only" { name = "ReadOnlyAccess" }
data "aws_iam_account_alias" "example" { depends_on = [aws_iam_account_alias.example] }
data "aws_iam_session_context" "me" { arn = data.aws_caller_identity.me.arn }

data "aws_iam_roles" "team" {
  path_prefix = "/team/"
  depends_on  = [aws_iam_role.keeper]
}

data "aws_iam_users" "team" {
  path_prefix = "/team/"
  depends_on  = [aws_iam_user.bob]
}

data "aws_iam_group" "readers" {
  group_name = aws_iam_group.readers.name
  depends_on = [aws_iam_group_membership.readers]
}

data "aws_iam_access_keys" "bob" {
  user       = aws_iam_user.bob.name
  depends_on = [aws_iam_access_key.bob]
}

data "aws_iam_instance_profiles" "keeper" {
  role_name  = aws_iam_role.keeper.name
  depends_on = [aws_iam_instance_profile.machines]
}

data "aws_iam_principal_policy_simulation" "bob" {
  action_names      = ["s3:GetObject"]
  policy_source_arn = aws_iam_user.bob.arn
  resource_arns     = ["arn:aws:s3:::amzn-s3-demo-bucket/${aws_iam_user.bob.name}/key"]
  depends_on        = [aws_iam_user_policy.bob]
}

output "seen" {
  value = {
    account    = local.account
    alias      = data.aws_iam_account_alias.example.account_alias
    keys       = [for key in data.aws_iam_access_keys.bob.access_keys : key.status]
    members    = [for user in data.aws_iam_group.readers.users : user.user_name]
    profiles   = data.aws_iam_instance_profiles.keeper.names
    read_only  = data.aws_iam_policy.read_only.arn
    roles      = data.aws_iam_roles.team.names
    session    = data.aws_iam_session_context.me.issuer_arn
    simulation = data.aws_iam_principal_policy_simulation.bob.all_allowed
    users      = data.aws_iam_users.team.names
  }
}
