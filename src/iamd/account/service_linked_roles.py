"""Service-linked roles: which role a service has in an account, and which policy AWS gives it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html
"""

from typing import NamedTuple

from iamd.arn import PARTITION

SERVICE_LINKED_PATH = "/aws-service-role/"
_DOMAIN = ".amazonaws.com"


class _Linked(NamedTuple):
    name: str  # what follows AWSServiceRoleFor
    policy: str  # of the path /aws-service-role/
    suffix: bool = False  # whether an account can have several, told apart by a custom suffix


# By service principal without its domain. Names follow no rule: each service's own documentation has its, linked from
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html
_LINKED = {
    "access-analyzer": _Linked("AccessAnalyzer", "AccessAnalyzerServiceRolePolicy"),
    "accountdiscovery.ssm": _Linked("AmazonSSM_AccountDiscovery", "AWSSystemsManagerAccountDiscoveryServicePolicy"),
    "acm": _Linked("CertificateManager", "CertificateManagerServiceRolePolicy"),
    "apidestinations.events": _Linked(
        "AmazonEventBridgeApiDestinations", "AmazonEventBridgeApiDestinationsServiceRolePolicy"
    ),
    "application-signals.cloudwatch": _Linked(
        "CloudWatchApplicationSignals", "CloudWatchApplicationSignalsServiceRolePolicy"
    ),
    "appmesh": _Linked("AppMesh", "AWSAppMeshServiceRolePolicy"),
    "appstream.application-autoscaling": _Linked(
        "ApplicationAutoScaling_AppStreamFleet", "AWSApplicationAutoscalingAppStreamFleetPolicy"
    ),
    "autoscaling": _Linked("AutoScaling", "AutoScalingServiceRolePolicy", suffix=True),
    "autoscaling-plans": _Linked("AutoScalingPlans_EC2AutoScaling", "AWSAutoScalingPlansEC2AutoScalingPolicy"),
    "backup": _Linked("Backup", "AWSBackupServiceLinkedRolePolicyForBackup"),
    "batch": _Linked("Batch", "BatchServiceRolePolicy"),
    "cassandra.application-autoscaling": _Linked(
        "ApplicationAutoScaling_CassandraTable", "AWSApplicationAutoscalingCassandraTablePolicy"
    ),
    "cks.kms": _Linked(
        "KeyManagementServiceCustomKeyStores", "AWSKeyManagementServiceCustomKeyStoresServiceRolePolicy"
    ),
    "cloudtrail": _Linked("CloudTrail", "CloudTrailServiceRolePolicy"),
    "codestar-notifications": _Linked("CodeStarNotifications", "AWSCodeStarNotificationsServiceRolePolicy"),
    "cognito-idp": _Linked("AmazonCognitoIdp", "AmazonCognitoIdpServiceRolePolicy"),
    "comprehend.application-autoscaling": _Linked(
        "ApplicationAutoScaling_ComprehendEndpoint", "AWSApplicationAutoscalingComprehendEndpointPolicy"
    ),
    "compute-optimizer": _Linked("ComputeOptimizer", "ComputeOptimizerServiceRolePolicy"),
    "config": _Linked("Config", "AWSConfigServiceRolePolicy"),
    "connect": _Linked("AmazonConnect", "AmazonConnectServiceLinkedRolePolicy", suffix=True),
    "custom-resource.application-autoscaling": _Linked(
        "ApplicationAutoScaling_CustomResource", "AWSApplicationAutoScalingCustomResourcePolicy"
    ),
    "dax": _Linked("DAX", "DAXServiceRolePolicy"),
    "dms": _Linked("DMSServerless", "AWSDMSServerlessServiceRolePolicy"),
    "dms-fleet-advisor": _Linked("DMSFleetAdvisor", "AWSDMSFleetAdvisorServiceRolePolicy"),
    "docdb-elastic": _Linked("DocDB-Elastic", "AmazonDocDB-ElasticServiceRolePolicy"),
    "dynamodb.application-autoscaling": _Linked(
        "ApplicationAutoScaling_DynamoDBTable", "AWSApplicationAutoscalingDynamoDBTablePolicy"
    ),
    "ec2-instance-connect": _Linked("Ec2InstanceConnect", "Ec2InstanceConnectEndpoint"),
    "ec2.application-autoscaling": _Linked(
        "ApplicationAutoScaling_EC2SpotFleetRequest", "AWSApplicationAutoscalingEC2SpotFleetRequestPolicy"
    ),
    "ec2fleet": _Linked("EC2Fleet", "AWSEC2FleetServiceRolePolicy"),
    "ecr": _Linked("ECRTemplate", "ECRTemplateServiceRolePolicy"),
    "ecs": _Linked("ECS", "AmazonECSServiceRolePolicy"),
    "ecs.application-autoscaling": _Linked(
        "ApplicationAutoScaling_ECSService", "AWSApplicationAutoscalingECSServicePolicy"
    ),
    "eks": _Linked("AmazonEKS", "AmazonEKSServiceRolePolicy"),
    "eks-fargate": _Linked("AmazonEKSForFargate", "AmazonEKSForFargateServiceRolePolicy"),
    "eks-nodegroup": _Linked("AmazonEKSNodegroup", "AWSServiceRoleForAmazonEKSNodegroup"),
    "elasticache": _Linked("ElastiCache", "ElastiCacheServiceRolePolicy"),
    "elasticache.application-autoscaling": _Linked(
        "ApplicationAutoScaling_ElastiCacheRG", "AWSApplicationAutoscalingElastiCacheRGPolicy"
    ),
    "elasticbeanstalk": _Linked("ElasticBeanstalk", "AWSElasticBeanstalkServiceRolePolicy"),
    "elasticfilesystem": _Linked("AmazonElasticFileSystem", "AmazonElasticFileSystemServiceRolePolicy"),
    "elasticloadbalancing": _Linked("ElasticLoadBalancing", "AWSElasticLoadBalancingServiceRolePolicy"),
    "elasticmapreduce": _Linked("EMRCleanup", "AmazonEMRCleanupPolicy"),
    "email.cognito-idp": _Linked("AmazonCognitoIdpEmailService", "AmazonCognitoIdpEmailServiceRolePolicy"),
    "emr-containers": _Linked("AmazonEMRContainers", "AmazonEMRContainersServiceRolePolicy"),
    "emrwal": _Linked("EMRWAL", "EMRDescribeClusterPolicyForEMRWAL"),
    "es": _Linked("AmazonElasticsearchService", "AmazonElasticsearchServiceRolePolicy"),
    "events": _Linked("CloudWatchEvents", "CloudWatchEventsServiceRolePolicy"),
    "fms": _Linked("FMS", "FMSServiceRolePolicy"),
    "fsx": _Linked("AmazonFSx", "AmazonFSxServiceRolePolicy"),
    "globalaccelerator": _Linked("GlobalAccelerator", "AWSGlobalAcceleratorSLRPolicy"),
    "guardduty": _Linked("AmazonGuardDuty", "AmazonGuardDutyServiceRolePolicy"),
    "inspector": _Linked("AmazonInspector", "AmazonInspectorServiceRolePolicy"),
    "inspector2": _Linked("AmazonInspector2", "AmazonInspector2ServiceRolePolicy"),
    "kafka": _Linked("Kafka", "KafkaServiceRolePolicy"),
    "kafka.application-autoscaling": _Linked(
        "ApplicationAutoScaling_KafkaCluster", "AWSApplicationAutoscalingKafkaClusterPolicy"
    ),
    "kafkaconnect": _Linked("KafkaConnect", "KafkaConnectServiceRolePolicy"),
    "lakeformation": _Linked("LakeFormationDataAccess", "LakeFormationDataAccessServiceRolePolicy"),
    "lambda.application-autoscaling": _Linked(
        "ApplicationAutoScaling_LambdaConcurrency", "AWSApplicationAutoscalingLambdaConcurrencyPolicy"
    ),
    "lex": _Linked("LexBots", "AmazonLexBotPolicy"),
    "lexv2": _Linked("LexV2Bots", "AmazonLexV2BotPolicy", suffix=True),
    "logger.cloudfront": _Linked("CloudFrontLogger", "AWSCloudFrontLogger"),
    "macie": _Linked("AmazonMacie", "AmazonMacieServiceRolePolicy"),
    "maintenance.elasticbeanstalk": _Linked("ElasticBeanstalkMaintenance", "AWSElasticBeanstalkMaintenance"),
    "malware-protection.guardduty": _Linked(
        "AmazonGuardDutyMalwareProtection", "AmazonGuardDutyMalwareProtectionServiceRolePolicy"
    ),
    "managedupdates.elasticbeanstalk": _Linked(
        "ElasticBeanstalkManagedUpdates", "AWSElasticBeanstalkManagedUpdatesServiceRolePolicy"
    ),
    "member.org.stacksets.cloudformation": _Linked(
        "CloudFormationStackSetsOrgMember", "CloudFormationStackSetsOrgMemberServiceRolePolicy"
    ),
    "memorydb": _Linked("MemoryDB", "MemoryDBServiceRolePolicy"),
    "mq": _Linked("AmazonMQ", "AmazonMQServiceRolePolicy"),
    "network-firewall": _Linked("NetworkFirewall", "AWSNetworkFirewallServiceRolePolicy"),
    "networkmanager": _Linked("NetworkManager", "AWSNetworkManagerServiceRolePolicy"),
    "opensearchservice": _Linked("AmazonOpenSearchService", "AmazonOpenSearchServiceRolePolicy"),
    "ops.apigateway": _Linked("APIGateway", "APIGatewayServiceRolePolicy"),
    "organizations": _Linked("Organizations", "AWSOrganizationsServiceTrustPolicy"),
    "pullthroughcache.ecr": _Linked("ECRPullThroughCache", "AWSECRPullThroughCache_ServiceRolePolicy"),
    "ram": _Linked("ResourceAccessManager", "AWSResourceAccessManagerServiceRolePolicy"),
    "rds": _Linked("RDS", "AmazonRDSServiceRolePolicy"),
    "rds.application-autoscaling": _Linked(
        "ApplicationAutoScaling_RDSCluster", "AWSApplicationAutoscalingRDSClusterPolicy"
    ),
    "redshift": _Linked("Redshift", "AmazonRedshiftServiceLinkedRolePolicy"),
    "replication.dynamodb": _Linked("DynamoDBReplication", "DynamoDBReplicationServiceRolePolicy"),
    "replication.ecr": _Linked("ECRReplication", "ECRReplicationServiceRolePolicy"),
    "replicator.lambda": _Linked("LambdaReplicator", "AWSLambdaReplicator"),
    "resource-explorer-2": _Linked("ResourceExplorer", "AWSResourceExplorerServiceRolePolicy"),
    "rolesanywhere": _Linked("RolesAnywhere", "AWSRolesAnywhereServicePolicy"),
    "rum": _Linked("CloudWatchRUM", "AmazonCloudWatchRUMServiceRolePolicy"),
    "s3-outposts": _Linked("S3OnOutposts", "AWSS3OnOutpostsServiceRolePolicy"),
    "sagemaker.application-autoscaling": _Linked(
        "ApplicationAutoScaling_SageMakerEndpoint", "AWSApplicationAutoscalingSageMakerEndpointPolicy"
    ),
    "schemas": _Linked("Schemas", "AmazonEventBridgeSchemasServiceRolePolicy"),
    "securityhub": _Linked("SecurityHub", "AWSSecurityHubServiceRolePolicy"),
    "ses": _Linked("AmazonSES", "AmazonSESServiceRolePolicy"),
    "shield": _Linked("AWSShield", "AWSShieldServiceRolePolicy"),
    "spot": _Linked("EC2Spot", "AWSEC2SpotServiceRolePolicy"),
    "spotfleet": _Linked("EC2SpotFleet", "AWSEC2SpotFleetServiceRolePolicy"),
    "ssm": _Linked("AmazonSSM", "AmazonSSMServiceRolePolicy"),
    "ssm-incidents": _Linked("IncidentManager", "AWSIncidentManagerServiceRolePolicy"),
    "sso": _Linked("SSO", "AWSSSOServiceRolePolicy"),
    "stacksets.cloudformation": _Linked(
        "CloudFormationStackSetsOrgAdmin", "CloudFormationStackSetsOrgAdminServiceRolePolicy"
    ),
    "support": _Linked("Support", "AWSSupportServiceRolePolicy"),
    "transitgateway": _Linked("VPCTransitGateway", "AWSVPCTransitGatewayServiceRolePolicy"),
    "trustedadvisor": _Linked("TrustedAdvisor", "AWSTrustedAdvisorServiceRolePolicy"),
    "vpc-lattice": _Linked("VpcLattice", "AWSVpcLatticeServiceRolePolicy"),
    "waf": _Linked("WAFLogging", "WAFLoggingServiceRolePolicy"),
    "waf-regional": _Linked("WAFRegionalLogging", "WAFRegionalLoggingServiceRolePolicy"),
    "wafv2": _Linked("WAFV2Logging", "WAFV2LoggingServiceRolePolicy"),
}


def service_linked_role_name(service: str, suffix: str | None = None) -> str:
    """The name of the role of a service principal such as ``ecs.amazonaws.com``.

    A service that is not known here gets one by rule, as there are new ones every month.
    """
    label = service.removesuffix(_DOMAIN)
    linked = _LINKED.get(label)
    name = f"AWSServiceRoleFor{linked.name if linked else label.replace('.', '_')}"
    return name if suffix is None else f"{name}_{suffix}"


def service_linked_role_path(service: str) -> str:
    """The path of the roles linked to a service."""
    return f"{SERVICE_LINKED_PATH}{service}/"


def service_linked_role_policy(service: str) -> str | None:
    """The ARN of the AWS-managed policy of a service's role, if it is known. It may be one that iamd does not have."""
    linked = _LINKED.get(service.removesuffix(_DOMAIN))
    return f"arn:{PARTITION}:iam::aws:policy{SERVICE_LINKED_PATH}{linked.policy}" if linked else None


def allows_suffix(service: str) -> bool:
    """Whether an account can have several roles linked to the service."""
    linked = _LINKED.get(service.removesuffix(_DOMAIN))
    return linked is not None and linked.suffix


def find_linked_service(path: str) -> str | None:
    """The service that a role with this path is linked to, or None if it is no service-linked role."""
    if not path.startswith(SERVICE_LINKED_PATH):
        return None
    return path.removeprefix(SERVICE_LINKED_PATH).partition("/")[0] or None
