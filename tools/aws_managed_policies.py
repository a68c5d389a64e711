"""The AWS-managed policies that iamd ships: AWS's names and paths, with documents of our own for what AWS says of them.

Nothing here is AWS's text. Each document grants what the policy's page in
https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html says the policy is for; where AWS lists
single actions, ours are groups of the same reading or managing actions, in places more and in places fewer.
``tools/make_aws_managed_policies.py`` adds three policies over all services and writes the data file.
"""

from typing import Any, NamedTuple

Statement = dict[str, Any]


class ManagedPolicy(NamedTuple):
    """``created`` is AWS's, to the second where it is known: lists are in this order."""

    arn_path: str  # path and name: service-role/AWSLambdaBasicExecutionRole
    created: str
    description: str
    statements: tuple[Statement, ...]


def allow(actions: str, resources: str = "*", **condition: Any) -> Statement:
    """A statement that allows blank-separated actions on blank-separated resources."""
    statement = {"Effect": "Allow", "Action": _one_or_many(actions), "Resource": _one_or_many(resources)}
    return statement | ({"Condition": condition} if condition else {})


def deny(actions: str, resources: str = "*", **condition: Any) -> Statement:
    return allow(actions, resources, **condition) | {"Effect": "Deny"}


def pass_role(*services: str, roles: str = "*") -> Statement:
    """``iam:PassRole`` to these services alone."""
    to = services[0] if len(services) == 1 else list(services)
    return allow("iam:PassRole", roles, StringEquals={"iam:PassedToService": to})


def create_service_linked_role(*services: str) -> Statement:
    of = services[0] if len(services) == 1 else list(services)
    return allow("iam:CreateServiceLinkedRole", StringEquals={"iam:AWSServiceName": of})


def _one_or_many(words: str) -> str | list[str]:
    split = words.split()
    return split[0] if len(split) == 1 else split


ALARMS = "cloudwatch:DeleteAlarms cloudwatch:DescribeAlarms* cloudwatch:GetMetric* cloudwatch:ListMetrics"
NETWORK_VIEW = (
    "ec2:DescribeAccountAttributes ec2:DescribeAvailabilityZones ec2:DescribeSecurityGroups ec2:DescribeSubnets "
    "ec2:DescribeVpcs ec2:DescribeVpcAttribute"
)
WRITE_LOGS = "logs:CreateLogGroup logs:CreateLogStream logs:PutLogEvents"
PULL_IMAGES = "ecr:GetAuthorizationToken ecr:BatchCheckLayerAvailability ecr:GetDownloadUrlForLayer ecr:BatchGetImage"
VIEW_IMAGES = (
    "ecr:BatchCheckLayerAvailability ecr:BatchGetImage ecr:Describe* ecr:GetAuthorizationToken "
    "ecr:GetDownloadUrlForLayer ecr:GetLifecyclePolicy* ecr:GetRepositoryPolicy ecr:List*"
)
OWN_USER = "arn:aws:iam::*:user/${aws:username}"

POLICIES = (
    # Everybody's ------------------------------------------------------------------------------------------------------
    ManagedPolicy(
        "AdministratorAccess",
        "2015-02-06T18:39:46Z",
        "Everything on everything.",
        (allow("*"),),
    ),
    ManagedPolicy(
        "PowerUserAccess",
        "2015-02-06T18:39:47Z",
        "Everything but the management of users, groups, roles, accounts and organizations.",
        (
            {
                "Effect": "Allow",
                "NotAction": ["iam:*", "organizations:*", "account:*"],
                "Resource": "*",
            },
            allow(
                "account:GetAccountInformation account:GetPrimaryEmail account:ListRegions "
                "iam:CreateServiceLinkedRole iam:DeleteServiceLinkedRole iam:ListRoles "
                "organizations:DescribeEffectivePolicy organizations:DescribeOrganization"
            ),
        ),
    ),
    # IAM --------------------------------------------------------------------------------------------------------------
    ManagedPolicy(
        "IAMFullAccess",
        "2015-02-06T18:40:38Z",
        "Full management of IAM, with a view of the organization.",
        (
            allow(
                "iam:* organizations:DescribeAccount organizations:DescribeOrganization "
                "organizations:DescribeOrganizationalUnit organizations:DescribePolicy organizations:ListChildren "
                "organizations:ListParents organizations:ListPolicies organizations:ListPoliciesForTarget "
                "organizations:ListRoots organizations:ListTargetsForPolicy"
            ),
        ),
    ),
    ManagedPolicy(
        "IAMReadOnlyAccess",
        "2015-02-06T18:40:39Z",
        "A view of everything in IAM, with reports and the policy simulator.",
        (
            allow(
                "iam:GenerateCredentialReport iam:GenerateServiceLastAccessedDetails iam:Get* iam:List* "
                "iam:SimulateCustomPolicy iam:SimulatePrincipalPolicy"
            ),
        ),
    ),
    ManagedPolicy(
        "IAMUserSSHKeys",
        "2015-07-09T17:08:54Z",
        "Users manage their own SSH public keys.",
        (
            allow(
                "iam:DeleteSSHPublicKey iam:GetSSHPublicKey iam:ListSSHPublicKeys iam:UpdateSSHPublicKey "
                "iam:UploadSSHPublicKey",
                OWN_USER,
            ),
        ),
    ),
    ManagedPolicy(
        "IAMUserChangePassword",
        "2016-11-15T00:25:16Z",
        "Users change their own password.",
        (
            allow("iam:ChangePassword", f"{OWN_USER} arn:aws:iam::*:user/*/${{aws:username}}"),
            allow("iam:GetAccountPasswordPolicy"),
        ),
    ),
    ManagedPolicy(
        "IAMSelfManageServiceSpecificCredentials",
        "2016-12-22T17:25:18Z",
        "Users manage their own service-specific credentials.",
        (
            allow(
                "iam:CreateServiceSpecificCredential iam:DeleteServiceSpecificCredential "
                "iam:ListServiceSpecificCredentials iam:ResetServiceSpecificCredential "
                "iam:UpdateServiceSpecificCredential",
                OWN_USER,
            ),
        ),
    ),
    ManagedPolicy(
        "SignInLocalDevelopmentAccess",
        "2025-11-19T18:34:00Z",
        "Users take their console sign-in to command lines and SDKs.",
        (
            allow(
                "signin:AuthorizeOAuth2Access signin:CreateOAuth2Token",
                "arn:aws:signin:*:*:oauth2/public-client/*",
            ),
        ),
    ),
    ManagedPolicy(
        "IAMAccessAdvisorReadOnly",
        "2019-06-21T19:33:25Z",
        "A view of what identities may use and have used.",
        (
            allow(
                "iam:GenerateOrganizationsAccessReport iam:GenerateServiceLastAccessedDetails "
                "iam:GetOrganizationsAccessReport iam:GetServiceLastAccessedDetails* iam:ListGroups iam:ListPolicies "
                "iam:ListPoliciesGrantingServiceAccess iam:ListRoles iam:ListUsers "
                "organizations:DescribeOrganization organizations:DescribeOrganizationalUnit "
                "organizations:DescribePolicy organizations:List*"
            ),
        ),
    ),
    ManagedPolicy(
        "IAMAccessAnalyzerFullAccess",
        "2019-12-02T17:12:33Z",
        "Full management of IAM Access Analyzer.",
        (
            allow("access-analyzer:*"),
            create_service_linked_role("access-analyzer.amazonaws.com"),
            allow("organizations:DescribeAccount organizations:DescribeOrganization organizations:List*"),
        ),
    ),
    ManagedPolicy(
        "IAMAccessAnalyzerReadOnlyAccess",
        "2019-12-02T17:12:49Z",
        "A view of IAM Access Analyzer's findings, and its checks of policies.",
        (allow("access-analyzer:Check* access-analyzer:Get* access-analyzer:List* access-analyzer:ValidatePolicy"),),
    ),
    ManagedPolicy(
        "AWSOrganizationsFullAccess",
        "2018-11-06T20:31:57Z",
        "Full management of the organization.",
        (
            allow("organizations:* account:*"),
            create_service_linked_role("organizations.amazonaws.com"),
        ),
    ),
    ManagedPolicy(
        "AWSOrganizationsReadOnlyAccess",
        "2018-11-06T20:32:38Z",
        "A view of the organization.",
        (allow("account:Get* account:List* organizations:Describe* organizations:List*"),),
    ),
    # Compute ----------------------------------------------------------------------------------------------------------
    ManagedPolicy(
        "AmazonEC2FullAccess",
        "2015-02-06T18:40:15Z",
        "Full management of EC2, load balancers, alarms and scaling.",
        (
            allow("ec2:* elasticloadbalancing:* cloudwatch:* autoscaling:*"),
            create_service_linked_role(
                "autoscaling.amazonaws.com",
                "ec2scheduled.amazonaws.com",
                "elasticloadbalancing.amazonaws.com",
                "spot.amazonaws.com",
                "spotfleet.amazonaws.com",
                "transitgateway.amazonaws.com",
            ),
        ),
    ),
    ManagedPolicy(
        "AmazonEC2ReadOnlyAccess",
        "2015-02-06T18:40:17Z",
        "A view of EC2, load balancers, metrics and scaling.",
        (
            allow(
                "autoscaling:Describe* cloudwatch:Describe* cloudwatch:GetMetricStatistics cloudwatch:ListMetrics "
                "ec2:Describe* ec2:GetSecurityGroupsForVpc elasticloadbalancing:Describe*"
            ),
        ),
    ),
    ManagedPolicy(
        "AmazonVPCFullAccess",
        "2015-02-06T18:41:16Z",
        "Full management of networks and what connects them.",
        (
            allow(
                "ec2:Accept*Vpc* ec2:AllocateAddress ec2:Assign* ec2:Associate* ec2:Attach*Gateway "
                "ec2:AttachNetworkInterface ec2:AuthorizeSecurityGroup* ec2:Create*Gateway ec2:CreateDefault* "
                "ec2:CreateDhcpOptions ec2:CreateFlowLogs ec2:CreateNetwork* ec2:CreateRoute* "
                "ec2:CreateSecurityGroup ec2:CreateSubnet ec2:CreateTags ec2:CreateVpc* ec2:CreateVpn* "
                "ec2:Delete*Gateway ec2:DeleteDhcpOptions ec2:DeleteFlowLogs ec2:DeleteNetwork* ec2:DeleteRoute* "
                "ec2:DeleteSecurityGroup ec2:DeleteSubnet ec2:DeleteTags ec2:DeleteVpc* ec2:DeleteVpn* "
                "ec2:Describe* ec2:Detach*Gateway ec2:DetachNetworkInterface ec2:DisableVgwRoutePropagation "
                "ec2:DisableVpc* ec2:Disassociate* ec2:EnableVgwRoutePropagation ec2:EnableVpc* "
                "ec2:GetSecurityGroupsForVpc ec2:ModifyNetworkInterfaceAttribute ec2:ModifySecurityGroupRules "
                "ec2:ModifySubnetAttribute ec2:ModifyVpc* ec2:MoveAddressToVpc ec2:RejectVpc* ec2:ReleaseAddress "
                "ec2:Replace* ec2:ResetNetworkInterfaceAttribute ec2:RevokeSecurityGroup* ec2:Unassign* "
                "ec2:UpdateSecurityGroupRuleDescriptions*"
            ),
        ),
    ),
    ManagedPolicy(
        "AmazonVPCReadOnlyAccess",
        "2015-02-06T18:41:17Z",
        "A view of networks and what connects them.",
        (
            allow(
                "ec2:Describe*Gateway* ec2:DescribeAccountAttributes ec2:DescribeAddresses "
                "ec2:DescribeAvailabilityZones ec2:DescribeDhcpOptions ec2:DescribeFlowLogs ec2:DescribeNetwork* "
                "ec2:DescribePrefixLists ec2:DescribeRouteTables ec2:DescribeSecurityGroup* ec2:DescribeSubnets "
                "ec2:DescribeTags ec2:DescribeVpc* ec2:DescribeVpn* ec2:GetSecurityGroupsForVpc"
            ),
        ),
    ),
    ManagedPolicy(
        "AutoScalingFullAccess",
        "2017-01-12T19:31:58Z",
        "Full management of scaling groups.",
        (
            allow("autoscaling:* cloudwatch:PutMetricAlarm"),
            allow("ec2:Describe* elasticloadbalancing:Describe* ec2:GetInstanceTypesFromInstanceRequirements"),
            create_service_linked_role("autoscaling.amazonaws.com"),
        ),
    ),
    ManagedPolicy(
        "AutoScalingReadOnlyAccess",
        "2017-01-12T19:39:35Z",
        "A view of scaling groups.",
        (allow("autoscaling:Describe*"),),
    ),
    ManagedPolicy(
        "ElasticLoadBalancingFullAccess",
        "2018-09-20T20:42:07Z",
        "Full management of load balancers.",
        (
            allow("elasticloadbalancing:*"),
            allow(f"{NETWORK_VIEW} ec2:DescribeAddresses ec2:DescribeInstances ec2:DescribeInternetGateways"),
            allow("ec2:DescribeNetworkInterfaces ec2:GetSecurityGroupsForVpc cognito-idp:DescribeUserPoolClient"),
            create_service_linked_role("elasticloadbalancing.amazonaws.com"),
        ),
    ),
    ManagedPolicy(
        "ElasticLoadBalancingReadOnly",
        "2018-09-20T20:17:09Z",
        "A view of load balancers.",
        (
            allow("elasticloadbalancing:Describe* elasticloadbalancing:Get*"),
            allow("ec2:DescribeInstances ec2:DescribeSecurityGroups"),
        ),
    ),
    ManagedPolicy(
        "AmazonSSMFullAccess",
        "2015-05-29T17:39:47Z",
        "Full management of Systems Manager.",
        (
            allow("ssm:* ec2:DescribeInstanceStatus cloudwatch:PutMetricData ds:DescribeDirectories"),
            allow(f"{WRITE_LOGS} logs:DescribeLogGroups logs:DescribeLogStreams"),
            create_service_linked_role("ssm.amazonaws.com"),
        ),
    ),
    ManagedPolicy(
        "AmazonSSMReadOnlyAccess",
        "2015-05-29T17:44:19Z",
        "A view of Systems Manager, values of parameters included.",
        (
            allow(
                "ssm:Describe* ssm:GetParameter* ssm:GetDocument ssm:GetInventory* ssm:GetCommandInvocation ssm:List*"
            ),
        ),
    ),
    ManagedPolicy(
        "AmazonSSMManagedInstanceCore",
        "2019-03-15T17:22:12Z",
        "What an instance needs to be managed by Systems Manager.",
        (
            allow(
                "ssm:DescribeAssociation ssm:DescribeDocument ssm:GetDeployablePatchSnapshotForInstance "
                "ssm:GetDocument ssm:GetManifest ssm:GetParameter ssm:GetParameters ssm:ListAssociations "
                "ssm:ListInstanceAssociations ssm:PutComplianceItems ssm:PutConfigurePackageResult "
                "ssm:PutInventory ssm:UpdateAssociationStatus ssm:UpdateInstanceAssociationStatus "
                "ssm:UpdateInstanceInformation"
            ),
            allow(
                "ssmmessages:CreateControlChannel ssmmessages:CreateDataChannel ssmmessages:OpenControlChannel "
                "ssmmessages:OpenDataChannel"
            ),
            allow(
                "ec2messages:AcknowledgeMessage ec2messages:DeleteMessage ec2messages:FailMessage "
                "ec2messages:GetEndpoint ec2messages:GetMessages ec2messages:SendReply"
            ),
        ),
    ),
    # Containers -------------------------------------------------------------------------------------------------------
    ManagedPolicy(
        "AmazonEC2ContainerRegistryReadOnly",
        "2015-12-21T17:04:15Z",
        "Pulling and viewing container images.",
        (allow(VIEW_IMAGES),),
    ),
    ManagedPolicy(
        "AmazonEC2ContainerRegistryPowerUser",
        "2015-12-21T17:05:33Z",
        "Pulling, viewing and pushing container images, but not deleting repositories or changing their policies.",
        (allow(f"{VIEW_IMAGES} ecr:CompleteLayerUpload ecr:InitiateLayerUpload ecr:PutImage ecr:UploadLayerPart"),),
    ),
    ManagedPolicy(
        "AmazonEC2ContainerRegistryFullAccess",
        "2015-12-21T17:06:48Z",
        "Full management of container images and repositories.",
        (
            allow("ecr:* cloudtrail:LookupEvents"),
            create_service_linked_role("replication.ecr.amazonaws.com"),
        ),
    ),
    ManagedPolicy(
        "AmazonECS_FullAccess",
        "2017-11-07T21:36:54Z",
        "Full management of ECS and what its services use.",
        (
            allow(
                "ecs:* application-autoscaling:DescribeScal* application-autoscaling:RegisterScalableTarget "
                "application-autoscaling:DeregisterScalableTarget application-autoscaling:*ScalingPolicy "
                "autoscaling:*AutoScalingGroup autoscaling:*LaunchConfiguration autoscaling:Describe* "
                "cloudformation:CreateStack cloudformation:DeleteStack cloudformation:DescribeStack* "
                "cloudformation:UpdateStack cloudwatch:PutMetricAlarm codedeploy:BatchGet* codedeploy:Create* "
                "codedeploy:Get* codedeploy:List* codedeploy:StopDeployment events:DescribeRule events:List* "
                "events:PutRule events:PutTargets events:DeleteRule events:RemoveTargets "
                "iam:ListAttachedRolePolicies iam:ListInstanceProfiles iam:ListRoles lambda:ListFunctions "
                "logs:CreateLogGroup logs:DescribeLogGroups logs:FilterLogEvents servicediscovery:Create*Service "
                "servicediscovery:DeleteService servicediscovery:Get* servicediscovery:List* sns:ListTopics"
            ),
            allow(f"{ALARMS} ec2:Describe* elasticloadbalancing:*"),
            pass_role("ecs-tasks.amazonaws.com"),
            pass_role("ec2.amazonaws.com", roles="arn:aws:iam::*:role/ecsInstanceRole*"),
            create_service_linked_role("ecs.amazonaws.com", "ecs.application-autoscaling.amazonaws.com"),
        ),
    ),
    ManagedPolicy(
        "service-role/AmazonEC2ContainerServiceforEC2Role",
        "2015-03-19T18:45:18Z",
        "What an EC2 instance needs to run ECS tasks.",
        (
            allow(
                "ecs:CreateCluster ecs:DeregisterContainerInstance ecs:DiscoverPollEndpoint ecs:Poll "
                "ecs:RegisterContainerInstance ecs:StartTelemetrySession ecs:Submit* "
                "ecs:UpdateContainerInstancesState ec2:DescribeTags logs:CreateLogStream logs:PutLogEvents "
                f"{PULL_IMAGES}"
            ),
            allow("ecs:TagResource", StringEquals={"ecs:CreateAction": ["CreateCluster", "RegisterContainerInstance"]}),
        ),
    ),
    ManagedPolicy(
        "service-role/AmazonEC2ContainerServiceRole",
        "2015-04-09T16:14:19Z",
        "What ECS needs to register tasks with load balancers.",
        (
            allow(
                "ec2:AuthorizeSecurityGroupIngress ec2:Describe* "
                "elasticloadbalancing:DeregisterInstancesFromLoadBalancer elasticloadbalancing:DeregisterTargets "
                "elasticloadbalancing:Describe* elasticloadbalancing:RegisterInstancesWithLoadBalancer "
                "elasticloadbalancing:RegisterTargets"
            ),
        ),
    ),
    ManagedPolicy(
        "service-role/AmazonECSTaskExecutionRolePolicy",
        "2017-11-16T18:48:22Z",
        "What ECS needs to start a task: pulling its images and writing its log.",
        (allow(f"{PULL_IMAGES} logs:CreateLogStream logs:PutLogEvents"),),
    ),
    ManagedPolicy(
        "AmazonEKSClusterPolicy",
        "2018-05-27T21:06:14Z",
        "What an EKS control plane needs to manage instances, volumes and load balancers for a cluster.",
        (
            allow(
                "autoscaling:DescribeAutoScalingGroups autoscaling:UpdateAutoScalingGroup ec2:AttachVolume "
                "ec2:AuthorizeSecurityGroupIngress ec2:CreateRoute ec2:CreateSecurityGroup ec2:CreateTags "
                "ec2:CreateVolume ec2:DeleteRoute ec2:DeleteSecurityGroup ec2:DeleteVolume "
                "ec2:DescribeAccountAttributes ec2:DescribeAddresses ec2:DescribeAvailabilityZones "
                "ec2:DescribeDhcpOptions ec2:DescribeInstance* ec2:DescribeInternetGateways "
                "ec2:DescribeNetworkInterfaces ec2:DescribeRouteTables ec2:DescribeSecurityGroups ec2:DescribeSubnets "
                "ec2:DescribeVolume* ec2:DescribeVpcs ec2:DetachVolume ec2:ModifyInstanceAttribute ec2:ModifyVolume "
                "ec2:RevokeSecurityGroupIngress kms:DescribeKey"
            ),
            allow(
                "elasticloadbalancing:AddTags elasticloadbalancing:ApplySecurityGroupsToLoadBalancer "
                "elasticloadbalancing:AttachLoadBalancerToSubnets elasticloadbalancing:ConfigureHealthCheck "
                "elasticloadbalancing:Create* elasticloadbalancing:Delete* elasticloadbalancing:Deregister* "
                "elasticloadbalancing:Describe* elasticloadbalancing:DetachLoadBalancerFromSubnets "
                "elasticloadbalancing:Modify* elasticloadbalancing:Register* elasticloadbalancing:SetLoadBalancer*"
            ),
            create_service_linked_role("elasticloadbalancing.amazonaws.com"),
        ),
    ),
    ManagedPolicy(
        "AmazonEKS_CNI_Policy",
        "2018-05-27T21:07:42Z",
        "What the VPC network plug-in needs to give pods addresses.",
        (
            allow(
                "ec2:AssignPrivateIpAddresses ec2:AttachNetworkInterface ec2:CreateNetworkInterface "
                "ec2:DeleteNetworkInterface ec2:DescribeInstances ec2:DescribeInstanceTypes "
                "ec2:DescribeNetworkInterfaces ec2:DescribeSubnets ec2:DescribeTags ec2:DetachNetworkInterface "
                "ec2:ModifyNetworkInterfaceAttribute ec2:UnassignPrivateIpAddresses"
            ),
            allow("ec2:CreateTags", "arn:aws:ec2:*:*:network-interface/*"),
        ),
    ),
    ManagedPolicy(
        "AmazonEKSServicePolicy",
        "2018-05-27T21:08:21Z",
        "What EKS needs to run a cluster.",
        (
            allow(
                "ec2:CreateNetworkInterface ec2:CreateNetworkInterfacePermission ec2:DeleteNetworkInterface "
                "ec2:DescribeInstances ec2:DescribeNetworkInterfaces ec2:DescribeSecurityGroups "
                "ec2:DescribeSubnets ec2:DescribeVpcs ec2:ModifyNetworkInterfaceAttribute "
                "eks:UpdateClusterVersion iam:ListAttachedRolePolicies"
            ),
            allow("ec2:CreateTags ec2:DeleteTags", "arn:aws:ec2:*:*:vpc/* arn:aws:ec2:*:*:subnet/*"),
            allow("route53:AssociateVPCWithHostedZone"),
            allow(WRITE_LOGS, "arn:aws:logs:*:*:log-group:/aws/eks/*"),
            create_service_linked_role("eks.amazonaws.com"),
        ),
    ),
    ManagedPolicy(
        "AmazonEKSWorkerNodePolicy",
        "2018-05-27T21:09:01Z",
        "What an instance needs to join an EKS cluster.",
        (
            allow(
                "ec2:DescribeInstances ec2:DescribeInstanceTypes ec2:DescribeRouteTables ec2:DescribeSecurityGroups "
                "ec2:DescribeSubnets ec2:DescribeVolumes ec2:DescribeVolumesModifications ec2:DescribeVpcs "
                "eks:DescribeCluster eks-auth:AssumeRoleForPodIdentity"
            ),
        ),
    ),
    ManagedPolicy(
        "AmazonEKSFargatePodExecutionRolePolicy",
        "2019-11-13T22:26:10Z",
        "What Fargate needs to run pods: pulling their images.",
        (allow(PULL_IMAGES),),
    ),
    ManagedPolicy(
        "AmazonEKSVPCResourceController",
        "2020-08-12T00:55:10Z",
        "What the cluster's controller needs to give pods network interfaces of their own.",
        (
            allow(
                "ec2:AssignPrivateIpAddresses ec2:AttachNetworkInterface ec2:CreateNetworkInterface "
                "ec2:DeleteNetworkInterface ec2:DetachNetworkInterface ec2:ModifyNetworkInterfaceAttribute "
                "ec2:UnassignPrivateIpAddresses"
            ),
            allow(
                "ec2:CreateNetworkInterfacePermission",
                **{"ForAnyValue:StringEquals": {"ec2:ResourceTag/eks:eni:owner": "eks-vpc-resource-controller"}},
            ),
        ),
    ),
    ManagedPolicy(
        "service-role/AmazonEBSCSIDriverPolicy",
        "2022-04-04T17:24:29Z",
        "What the EBS storage driver of a cluster needs.",
        (
            allow(
                "ec2:AttachVolume ec2:CreateSnapshot ec2:DescribeAvailabilityZones ec2:DescribeInstances "
                "ec2:DescribeSnapshots ec2:DescribeTags ec2:DescribeVolumes ec2:DescribeVolumesModifications "
                "ec2:DetachVolume ec2:ModifyVolume"
            ),
            allow(
                "ec2:CreateTags",
                "arn:aws:ec2:*:*:volume/* arn:aws:ec2:*:*:snapshot/*",
                StringEquals={"ec2:CreateAction": ["CreateVolume", "CreateSnapshot"]},
            ),
            allow("ec2:CreateVolume", StringLike={"aws:RequestTag/ebs.csi.aws.com/cluster": "true"}),
            allow(
                "ec2:DeleteVolume ec2:DeleteSnapshot", StringLike={"ec2:ResourceTag/ebs.csi.aws.com/cluster": "true"}
            ),
        ),
    ),
    # Functions, APIs and workflows ------------------------------------------------------------------------------------
    ManagedPolicy(
        "AWSLambdaExecute",
        "2015-02-06T18:40:46Z",
        "What a function needs to read and write S3 objects and its log.",
        (allow("logs:*", "arn:aws:logs:*:*:*"), allow("s3:GetObject s3:PutObject", "arn:aws:s3:::*")),
    ),
    ManagedPolicy(
        "AWSLambdaInvocation-DynamoDB",
        "2015-02-06T18:40:47Z",
        "What is needed to invoke functions from DynamoDB streams.",
        (
            allow(
                "dynamodb:DescribeStream dynamodb:GetRecords dynamodb:GetShardIterator dynamodb:ListStreams "
                "lambda:InvokeFunction"
            ),
        ),
    ),
    ManagedPolicy(
        "service-role/AWSLambdaRole",
        "2015-02-06T18:41:28Z",
        "Invoking functions.",
        (allow("lambda:InvokeFunction"),),
    ),
    ManagedPolicy(
        "service-role/AWSLambdaBasicExecutionRole",
        "2015-04-09T15:03:43Z",
        "What a function needs to write its log.",
        (allow(WRITE_LOGS),),
    ),
    ManagedPolicy(
        "service-role/AWSLambdaDynamoDBExecutionRole",
        "2015-04-09T15:09:29Z",
        "What a function needs to read DynamoDB streams and write its log.",
        (
            allow(
                "dynamodb:DescribeStream dynamodb:GetRecords dynamodb:GetShardIterator dynamodb:ListStreams "
                + WRITE_LOGS
            ),
        ),
    ),
    ManagedPolicy(
        "service-role/AWSLambdaKinesisExecutionRole",
        "2015-04-09T15:14:16Z",
        "What a function needs to read Kinesis streams and write its log.",
        (
            allow(
                "kinesis:DescribeStream kinesis:DescribeStreamSummary kinesis:GetRecords kinesis:GetShardIterator "
                "kinesis:ListShards kinesis:ListStreams kinesis:SubscribeToShard " + WRITE_LOGS
            ),
        ),
    ),
    ManagedPolicy(
        "service-role/AWSLambdaVPCAccessExecutionRole",
        "2016-02-11T23:15:26Z",
        "What a function needs to run inside a VPC and write its log.",
        (
            allow(
                f"{WRITE_LOGS} ec2:AssignPrivateIpAddresses ec2:CreateNetworkInterface ec2:DeleteNetworkInterface "
                "ec2:DescribeNetworkInterfaces ec2:DescribeSubnets ec2:UnassignPrivateIpAddresses"
            ),
        ),
    ),
    ManagedPolicy(
        "service-role/AWSLambdaSQSQueueExecutionRole",
        "2018-06-14T21:50:45Z",
        "What a function needs to take messages from SQS queues and write its log.",
        (allow(f"sqs:DeleteMessage sqs:GetQueueAttributes sqs:ReceiveMessage {WRITE_LOGS}"),),
    ),
    ManagedPolicy(
        "AWSLambda_ReadOnlyAccess",
        "2020-11-17T21:10:20Z",
        "A view of functions, their triggers, metrics and logs.",
        (
            allow(
                f"lambda:Get* lambda:List* {NETWORK_VIEW} cloudformation:DescribeStacks cloudformation:ListStack* "
                "cloudwatch:GetMetricData cloudwatch:ListMetrics iam:GetPolicy iam:GetPolicyVersion iam:GetRole "
                "iam:GetRolePolicy iam:ListAttachedRolePolicies iam:ListRolePolicies iam:ListRoles "
                "kms:ListAliases logs:DescribeLogGroups logs:DescribeLogStreams logs:GetLogEvents "
                "logs:FilterLogEvents states:DescribeStateMachine states:ListStateMachines tag:GetResources "
                "xray:BatchGetTraces xray:GetTraceSummaries"
            ),
        ),
    ),
    ManagedPolicy(
        "AWSLambda_FullAccess",
        "2020-11-17T21:14:10Z",
        "Full management of functions, with a view of what triggers them.",
        (
            allow(
                f"lambda:* {NETWORK_VIEW} cloudformation:DescribeStacks cloudformation:ListStack* "
                "cloudwatch:GetMetricData cloudwatch:ListMetrics iam:GetPolicy iam:GetPolicyVersion iam:GetRole "
                "iam:GetRolePolicy iam:ListAttachedRolePolicies iam:ListRolePolicies iam:ListRoles kms:ListAliases "
                "logs:DescribeLogGroups states:DescribeStateMachine states:ListStateMachines tag:GetResources "
                "xray:BatchGetTraces xray:GetTraceSummaries"
            ),
            pass_role("lambda.amazonaws.com"),
            allow(
                "logs:DescribeLogStreams logs:FilterLogEvents logs:GetLogEvents",
                "arn:aws:logs:*:*:log-group:/aws/lambda/*",
            ),
        ),
    ),
    ManagedPolicy(
        "AmazonAPIGatewayInvokeFullAccess",
        "2015-07-09T17:36:12Z",
        "Calling any API of API Gateway.",
        (allow("execute-api:Invoke execute-api:ManageConnections", "arn:aws:execute-api:*:*:*"),),
    ),
    ManagedPolicy(
        "AmazonAPIGatewayAdministrator",
        "2015-07-09T17:34:45Z",
        "Full management of API Gateway.",
        (allow("apigateway:*", "arn:aws:apigateway:*::/*"),),
    ),
    ManagedPolicy(
        "service-role/AmazonAPIGatewayPushToCloudWatchLogs",
        "2015-11-11T23:41:46Z",
        "What API Gateway needs to write logs.",
        (allow(f"{WRITE_LOGS} logs:DescribeLogGroups logs:DescribeLogStreams logs:FilterLogEvents logs:GetLogEvents"),),
    ),
    ManagedPolicy(
        "AWSStepFunctionsFullAccess",
        "2017-01-11T21:51:32Z",
        "Full management of workflows.",
        (allow("states:*"),),
    ),
    ManagedPolicy(
        "AWSStepFunctionsReadOnlyAccess",
        "2017-01-11T21:46:19Z",
        "A view of workflows and their runs.",
        (allow("states:Describe* states:GetExecutionHistory states:List*"),),
    ),
    ManagedPolicy(
        "AmazonEventBridgeFullAccess",
        "2019-07-11T14:08:05Z",
        "Full management of event buses, rules, pipes and schedules.",
        (
            allow("events:* pipes:* scheduler:* schemas:*"),
            pass_role("events.amazonaws.com", "pipes.amazonaws.com", "scheduler.amazonaws.com"),
            create_service_linked_role("apidestinations.events.amazonaws.com", "schemas.amazonaws.com"),
        ),
    ),
    ManagedPolicy(
        "AmazonEventBridgeReadOnlyAccess",
        "2019-07-11T13:59:07Z",
        "A view of event buses, rules, pipes and schedules.",
        (
            allow(
                "events:Describe* events:List* events:TestEventPattern pipes:DescribePipe pipes:List* scheduler:Get* "
                "scheduler:List* schemas:Describe* schemas:Get* schemas:List* schemas:Search*"
            ),
        ),
    ),
    # Storage and databases --------------------------------------------------------------------------------------------
    ManagedPolicy(
        "AmazonS3FullAccess",
        "2015-02-06T18:40:58Z",
        "Full access to all buckets and objects.",
        (allow("s3:* s3-object-lambda:*"),),
    ),
    ManagedPolicy(
        "AmazonS3ReadOnlyAccess",
        "2015-02-06T18:40:59Z",
        "Reading all buckets and objects.",
        (allow("s3:Describe* s3:Get* s3:List* s3-object-lambda:Get* s3-object-lambda:List*"),),
    ),
    ManagedPolicy(
        "AmazonElasticFileSystemFullAccess",
        "2015-05-27T16:22:28Z",
        "Full management of EFS file systems.",
        (
            allow(
                f"elasticfilesystem:* {NETWORK_VIEW} cloudwatch:DescribeAlarmsForMetric cloudwatch:GetMetricData "
                "ec2:CreateNetworkInterface ec2:DeleteNetworkInterface ec2:DescribeNetworkInterface* "
                "ec2:ModifyNetworkInterfaceAttribute kms:DescribeKey kms:ListAliases"
            ),
            create_service_linked_role("elasticfilesystem.amazonaws.com"),
        ),
    ),
    ManagedPolicy(
        "AmazonElasticFileSystemReadOnlyAccess",
        "2015-05-27T16:25:25Z",
        "A view of EFS file systems.",
        (
            allow(
                f"elasticfilesystem:Describe* elasticfilesystem:List* {NETWORK_VIEW} ec2:DescribeNetworkInterface* "
                "cloudwatch:DescribeAlarmsForMetric cloudwatch:GetMetricData kms:ListAliases"
            ),
        ),
    ),
    ManagedPolicy(
        "AmazonDynamoDBFullAccess",
        "2015-02-06T18:40:11Z",
        "Full access to all tables, with their scaling, metrics and exports.",
        (
            allow(
                f"dynamodb:* dax:* {ALARMS} cloudwatch:PutMetricAlarm application-autoscaling:DeleteScalingPolicy "
                "application-autoscaling:DeregisterScalableTarget application-autoscaling:Describe* "
                "application-autoscaling:PutScalingPolicy application-autoscaling:RegisterScalableTarget "
                f"{NETWORK_VIEW} iam:GetRole iam:ListRoles kms:DescribeKey kms:ListAliases kinesis:ListStreams "
                "kinesis:DescribeStream* lambda:CreateEventSourceMapping lambda:DeleteEventSourceMapping "
                "lambda:GetFunctionConfiguration lambda:ListEventSourceMappings lambda:ListFunctions "
                "resource-groups:GetGroup* resource-groups:ListGroup* sns:ListTopics tag:GetResources"
            ),
            pass_role("application-autoscaling.amazonaws.com", "dax.amazonaws.com"),
            create_service_linked_role(
                "contributorinsights.dynamodb.amazonaws.com",
                "dax.amazonaws.com",
                "dynamodb.application-autoscaling.amazonaws.com",
                "kinesisreplication.dynamodb.amazonaws.com",
                "replication.dynamodb.amazonaws.com",
            ),
        ),
    ),
    ManagedPolicy(
        "AmazonDynamoDBReadOnlyAccess",
        "2015-02-06T18:40:12Z",
        "Reading all tables, with their scaling and metrics.",
        (
            allow(
                "dynamodb:BatchGetItem dynamodb:ConditionCheckItem dynamodb:Describe* dynamodb:GetItem "
                "dynamodb:GetRecords dynamodb:GetResourcePolicy dynamodb:GetShardIterator dynamodb:List* "
                "dynamodb:PartiQLSelect dynamodb:Query dynamodb:Scan dax:Describe* dax:List* "
                "application-autoscaling:Describe* cloudwatch:DescribeAlarms* cloudwatch:GetMetric* "
                f"cloudwatch:ListMetrics {NETWORK_VIEW} iam:GetRole iam:ListRoles kms:DescribeKey kms:ListAliases "
                "lambda:GetFunctionConfiguration lambda:ListEventSourceMappings lambda:ListFunctions "
                "resource-groups:GetGroup* resource-groups:ListGroup* sns:ListTopics tag:GetResources"
            ),
        ),
    ),
    ManagedPolicy(
        "AmazonRDSFullAccess",
        "2015-02-06T18:40:52Z",
        "Full management of RDS databases.",
        (
            allow(
                f"rds:* {ALARMS} cloudwatch:PutMetricAlarm application-autoscaling:* {NETWORK_VIEW} "
                "ec2:DescribeCoipPools ec2:DescribeInternetGateways ec2:DescribeLocalGateway* "
                "ec2:GetCoipPoolUsage kms:DescribeKey kms:ListAliases logs:DescribeLogStreams logs:GetLogEvents "
                "outposts:GetOutpostInstanceTypes devops-guru:GetResourceCollection sns:ListSubscriptions "
                "sns:ListTopics sns:Publish"
            ),
            allow("pi:*", "arn:aws:pi:*:*:metrics/rds/* arn:aws:pi:*:*:perf-reports/rds/*"),
            create_service_linked_role("rds.amazonaws.com", "rds.application-autoscaling.amazonaws.com"),
        ),
    ),
    ManagedPolicy(
        "AmazonRDSReadOnlyAccess",
        "2015-02-06T18:40:53Z",
        "A view of RDS databases, their metrics and logs.",
        (
            allow(
                f"rds:Describe* rds:ListTagsForResource {NETWORK_VIEW} ec2:DescribeInternetGateways "
                "cloudwatch:GetMetric* cloudwatch:ListMetrics logs:DescribeLogStreams logs:GetLogEvents "
                "devops-guru:GetResourceCollection"
            ),
        ),
    ),
    ManagedPolicy(
        "AmazonRDSDataFullAccess",
        "2018-11-20T21:29:36Z",
        "Full use of the data API of RDS, with secrets for its queries.",
        (
            allow(
                "secretsmanager:CreateSecret secretsmanager:GetRandomPassword secretsmanager:ListSecrets "
                "rds-data:* tag:GetResources"
            ),
            allow(
                "secretsmanager:DeleteSecret secretsmanager:GetSecretValue secretsmanager:PutSecretValue",
                "arn:aws:secretsmanager:*:*:secret:rds-db-credentials/*",
            ),
        ),
    ),
    ManagedPolicy(
        "service-role/AmazonRDSEnhancedMonitoringRole",
        "2015-11-11T19:58:29Z",
        "What RDS needs to send detailed metrics of the operating system.",
        (
            allow(
                "logs:CreateLogGroup logs:CreateLogStream logs:DescribeLogStreams logs:GetLogEvents logs:PutLogEvents "
                "logs:PutRetentionPolicy",
                "arn:aws:logs:*:*:log-group:RDS* arn:aws:logs:*:*:log-group:RDS*:log-stream:*",
            ),
        ),
    ),
    ManagedPolicy(
        "AmazonElastiCacheFullAccess",
        "2015-02-06T18:40:20Z",
        "Full management of caches.",
        (
            allow(
                f"elasticache:* {NETWORK_VIEW} ec2:CreateVpcEndpoint ec2:DescribeVpcEndpoints "
                "cloudwatch:DescribeAlarms cloudwatch:GetMetric* application-autoscaling:Describe* "
                "kms:DescribeKey kms:ListAliases kms:ListKeys logs:DescribeLogGroups outposts:ListOutposts "
                "sns:ListTopics"
            ),
            create_service_linked_role("elasticache.amazonaws.com"),
        ),
    ),
    ManagedPolicy(
        "AmazonElastiCacheReadOnlyAccess",
        "2015-02-06T18:40:21Z",
        "A view of caches.",
        (allow("elasticache:Describe* elasticache:List*"),),
    ),
    ManagedPolicy(
        "AmazonRedshiftFullAccess",
        "2015-02-06T18:40:50Z",
        "Full management of data warehouses.",
        (
            allow(
                f"redshift:* redshift-serverless:* redshift-data:* sqlworkbench:* {NETWORK_VIEW} "
                f"ec2:DescribeAddresses ec2:DescribeInternetGateways {ALARMS} cloudwatch:PutMetricAlarm "
                "cloudwatch:EnableAlarmActions cloudwatch:DisableAlarmActions sns:CreateTopic sns:Get* sns:List* "
                "tag:GetResources"
            ),
            create_service_linked_role("redshift.amazonaws.com"),
        ),
    ),
    ManagedPolicy(
        "AmazonRedshiftReadOnlyAccess",
        "2015-02-06T18:40:51Z",
        "A view of data warehouses.",
        (
            allow(
                f"redshift:Describe* redshift:List* redshift:ViewQueries* {NETWORK_VIEW} ec2:DescribeAddresses "
                "ec2:DescribeInternetGateways cloudwatch:DescribeAlarms cloudwatch:GetMetric* cloudwatch:ListMetrics "
                "sns:Get* sns:List*"
            ),
        ),
    ),
    ManagedPolicy(
        "AmazonAthenaFullAccess",
        "2016-11-30T16:46:01Z",
        "Full use of Athena, with the catalog and the buckets of its query results.",
        (
            allow(
                "athena:* glue:BatchCreatePartition glue:BatchDeletePartition glue:BatchDeleteTable "
                "glue:BatchGetPartition glue:CreateDatabase glue:CreatePartition glue:CreateTable "
                "glue:DeleteDatabase glue:DeletePartition glue:DeleteTable glue:GetCatalog* "
                "glue:GetColumnStatistics* glue:GetDatabase* glue:GetPartition* glue:GetTable* "
                "glue:UpdateDatabase glue:UpdatePartition glue:UpdateTable"
            ),
            allow(
                "s3:AbortMultipartUpload s3:CreateBucket s3:GetBucketLocation s3:GetObject s3:ListBucket "
                "s3:ListBucketMultipartUploads s3:ListMultipartUploadParts s3:PutBucketPublicAccessBlock s3:PutObject",
                "arn:aws:s3:::aws-athena-query-results-*",
            ),
            allow("s3:GetBucketLocation s3:ListAllMyBuckets s3:ListBucket lakeformation:GetDataAccess sns:ListTopics"),
            allow("cloudwatch:DescribeAlarms cloudwatch:GetMetricData cloudwatch:PutMetricAlarm"),
        ),
    ),
    ManagedPolicy(
        "service-role/AWSGlueServiceRole",
        "2017-08-14T13:37:21Z",
        "What Glue needs to run crawlers and jobs.",
        (
            allow(
                "glue:* s3:GetBucketAcl s3:GetBucketLocation s3:ListAllMyBuckets s3:ListBucket "
                "ec2:CreateNetworkInterface ec2:DeleteNetworkInterface ec2:DescribeNetworkInterfaces "
                "ec2:DescribeRouteTables ec2:DescribeSecurityGroups ec2:DescribeSubnets ec2:DescribeVpcAttribute "
                "ec2:DescribeVpcEndpoints iam:GetRole iam:GetRolePolicy iam:ListRolePolicies cloudwatch:PutMetricData"
            ),
            allow("s3:CreateBucket s3:PutBucketPublicAccessBlock", "arn:aws:s3:::aws-glue-*"),
            allow(
                "s3:DeleteObject s3:GetObject s3:PutObject", "arn:aws:s3:::aws-glue-*/* arn:aws:s3:::*/*aws-glue-*/*"
            ),
            allow("s3:GetObject", "arn:aws:s3:::crawler-public* arn:aws:s3:::aws-glue-*"),
            allow(WRITE_LOGS, "arn:aws:logs:*:*:*:/aws-glue/*"),
            allow(
                "ec2:CreateTags ec2:DeleteTags",
                "arn:aws:ec2:*:*:instance/* arn:aws:ec2:*:*:network-interface/* arn:aws:ec2:*:*:security-group/*",
                **{"ForAllValues:StringEquals": {"aws:TagKeys": ["aws-glue-service-resource"]}},
            ),
        ),
    ),
    ManagedPolicy(
        "service-role/AmazonElasticMapReduceRole",
        "2015-02-06T18:41:20Z",
        "What EMR needs to run clusters.",
        (
            allow(
                "ec2:AuthorizeSecurityGroup* ec2:CancelSpotInstanceRequests ec2:CreateFleet "
                "ec2:CreateLaunchTemplate* ec2:CreateNetworkInterface ec2:CreateSecurityGroup ec2:CreateTags "
                "ec2:DeleteLaunchTemplate ec2:DeleteNetworkInterface ec2:DeleteSecurityGroup ec2:DeleteTags "
                "ec2:DeleteVolume ec2:Describe* ec2:DetachNetworkInterface ec2:DetachVolume "
                "ec2:ModifyImageAttribute ec2:ModifyInstanceAttribute ec2:RequestSpotInstances "
                "ec2:RevokeSecurityGroupEgress ec2:RunInstances ec2:TerminateInstances "
                "application-autoscaling:DeleteScalingPolicy application-autoscaling:DeregisterScalableTarget "
                "application-autoscaling:Describe* application-autoscaling:PutScalingPolicy "
                "application-autoscaling:RegisterScalableTarget cloudwatch:DeleteAlarms cloudwatch:DescribeAlarms "
                "cloudwatch:PutMetricAlarm iam:GetRole iam:GetRolePolicy iam:ListInstanceProfiles "
                "iam:ListRolePolicies s3:CreateBucket s3:Get* s3:List* sdb:BatchPutAttributes sdb:Select "
                "sqs:CreateQueue sqs:Delete* sqs:GetQueue* sqs:PurgeQueue sqs:ReceiveMessage"
            ),
            pass_role("ec2.amazonaws.com"),
            create_service_linked_role("spot.amazonaws.com"),
        ),
    ),
    ManagedPolicy(
        "service-role/AmazonElasticMapReduceforEC2Role",
        "2015-02-06T18:41:21Z",
        "What the instances of an EMR cluster need.",
        (
            allow(
                "cloudwatch:* dynamodb:* ec2:Describe* elasticmapreduce:AddJobFlowSteps "
                "elasticmapreduce:Describe* elasticmapreduce:ListBootstrapActions elasticmapreduce:ListClusters "
                "elasticmapreduce:ListInstance* elasticmapreduce:ListSteps glue:BatchCreatePartition "
                "glue:BatchDeletePartition glue:BatchGetPartition glue:Create* glue:DeleteDatabase "
                "glue:DeletePartition glue:DeleteTable glue:DeleteUserDefinedFunction glue:GetDatabase* "
                "glue:GetPartition* glue:GetTable* glue:GetUserDefinedFunction* glue:UpdateDatabase "
                "glue:UpdatePartition glue:UpdateTable glue:UpdateUserDefinedFunction kinesis:CreateStream "
                "kinesis:DeleteStream kinesis:DescribeStream kinesis:GetRecords kinesis:GetShardIterator "
                "kinesis:MergeShards kinesis:PutRecord kinesis:SplitShard rds:Describe* s3:* sdb:* sns:* sqs:*"
            ),
        ),
    ),
    # Messaging --------------------------------------------------------------------------------------------------------
    ManagedPolicy("AmazonSQSFullAccess", "2015-02-06T18:41:07Z", "Full access to all queues.", (allow("sqs:*"),)),
    ManagedPolicy(
        "AmazonSQSReadOnlyAccess",
        "2015-02-06T18:41:08Z",
        "A view of queues, without their messages.",
        (
            allow(
                "sqs:GetQueueAttributes sqs:GetQueueUrl sqs:ListDeadLetterSourceQueues sqs:ListMessageMoveTasks "
                "sqs:ListQueueTags sqs:ListQueues"
            ),
        ),
    ),
    ManagedPolicy("AmazonSNSFullAccess", "2015-02-06T18:41:05Z", "Full access to all topics.", (allow("sns:*"),)),
    ManagedPolicy(
        "AmazonSNSReadOnlyAccess",
        "2015-02-06T18:41:06Z",
        "A view of topics and subscriptions.",
        (allow("sns:CheckIfPhoneNumberIsOptedOut sns:Get* sns:List*"),),
    ),
    ManagedPolicy("AmazonSESFullAccess", "2015-02-06T18:41:02Z", "Full access to SES.", (allow("ses:*"),)),
    ManagedPolicy(
        "AmazonSESReadOnlyAccess",
        "2015-02-06T18:41:03Z",
        "A view of SES.",
        (allow("ses:BatchGetMetricData ses:Describe* ses:Get* ses:List*"),),
    ),
    ManagedPolicy(
        "AmazonKinesisFullAccess", "2015-02-06T18:40:29Z", "Full access to all Kinesis streams.", (allow("kinesis:*"),)
    ),
    ManagedPolicy(
        "AmazonKinesisReadOnlyAccess",
        "2015-02-06T18:40:30Z",
        "Reading all Kinesis streams.",
        (allow("kinesis:Describe* kinesis:Get* kinesis:List*"),),
    ),
    # Watching and deploying -------------------------------------------------------------------------------------------
    ManagedPolicy(
        "CloudWatchFullAccess",
        "2015-02-06T18:40:00Z",
        "Full access to metrics, alarms and logs, with actions on scaling groups and topics.",
        (
            allow(
                "autoscaling:Describe* cloudwatch:* iam:GetPolicy iam:GetPolicyVersion iam:GetRole logs:* "
                "oam:ListAttachedLinks oam:ListSinks sns:*"
            ),
            create_service_linked_role("events.amazonaws.com"),
        ),
    ),
    ManagedPolicy(
        "CloudWatchFullAccessV2",
        "2023-08-01T11:32:34Z",
        "Full access to metrics, alarms, logs, traces, canaries and monitors.",
        (
            allow(
                "application-autoscaling:DescribeScalingPolicies application-signals:* "
                "autoscaling:DescribeAutoScalingGroups autoscaling:DescribePolicies cloudwatch:* logs:* "
                "oam:ListAttachedLinks oam:ListSinks rum:* sns:CreateTopic sns:ListSubscriptions* sns:ListTopics "
                "sns:Subscribe synthetics:* xray:*"
            ),
            create_service_linked_role(
                "application-signals.cloudwatch.amazonaws.com", "events.amazonaws.com", "rum.amazonaws.com"
            ),
        ),
    ),
    ManagedPolicy(
        "CloudWatchReadOnlyAccess",
        "2015-02-06T18:40:01Z",
        "Reading metrics, alarms, logs, traces, canaries and monitors.",
        (
            allow(
                "application-autoscaling:DescribeScalingPolicies application-signals:BatchGet* "
                "application-signals:Get* application-signals:List* autoscaling:Describe* cloudwatch:BatchGet* "
                "cloudwatch:Describe* cloudwatch:GenerateQuery cloudwatch:GetDashboard "
                "cloudwatch:GetInsightRuleReport cloudwatch:GetMetric* cloudwatch:List* logs:Describe* "
                "logs:FilterLogEvents logs:Get* logs:List* logs:StartLiveTail logs:StartQuery logs:StopLiveTail "
                "logs:StopQuery logs:TestMetricFilter oam:ListAttachedLinks oam:ListSinks rum:BatchGet* rum:Get* "
                "rum:List* sns:Get* sns:List* synthetics:Describe* synthetics:Get* synthetics:List* "
                "xray:BatchGet* xray:Get* xray:List*"
            ),
        ),
    ),
    ManagedPolicy("CloudWatchLogsFullAccess", "2015-02-06T18:40:02Z", "Full access to all logs.", (allow("logs:*"),)),
    ManagedPolicy(
        "CloudWatchLogsReadOnlyAccess",
        "2015-02-06T18:40:03Z",
        "Reading and searching all logs.",
        (
            allow(
                "logs:Describe* logs:FilterLogEvents logs:Get* logs:List* logs:StartLiveTail logs:StartQuery "
                "logs:StopLiveTail logs:StopQuery logs:TestMetricFilter"
            ),
        ),
    ),
    ManagedPolicy(
        "CloudWatchEventsFullAccess",
        "2016-01-14T18:37:08Z",
        "Full management of event rules.",
        (
            allow("events:* pipes:* scheduler:* schemas:*"),
            pass_role("events.amazonaws.com", "pipes.amazonaws.com", "scheduler.amazonaws.com"),
        ),
    ),
    ManagedPolicy(
        "CloudWatchEventsReadOnlyAccess",
        "2016-01-14T18:27:18Z",
        "A view of event rules.",
        (allow("events:Describe* events:List* events:TestEventPattern"),),
    ),
    ManagedPolicy(
        "CloudWatchAgentAdminPolicy",
        "2018-03-07T00:52:31Z",
        "What the CloudWatch agent needs, storing its configuration included.",
        (
            allow(
                f"cloudwatch:PutMetricData ec2:DescribeTags ec2:DescribeVolumes {WRITE_LOGS} logs:DescribeLogGroups "
                "logs:DescribeLogStreams logs:PutRetentionPolicy xray:GetSampling* xray:PutTelemetryRecords "
                "xray:PutTraceSegments"
            ),
            allow("ssm:GetParameter ssm:PutParameter", "arn:aws:ssm:*:*:parameter/AmazonCloudWatch-*"),
        ),
    ),
    ManagedPolicy(
        "CloudWatchAgentServerPolicy",
        "2018-03-07T01:06:44Z",
        "What the CloudWatch agent needs to run.",
        (
            allow(
                f"cloudwatch:PutMetricData ec2:DescribeTags ec2:DescribeVolumes {WRITE_LOGS} logs:DescribeLogGroups "
                "logs:DescribeLogStreams logs:PutRetentionPolicy xray:GetSampling* xray:PutTelemetryRecords "
                "xray:PutTraceSegments"
            ),
            allow("ssm:GetParameter", "arn:aws:ssm:*:*:parameter/AmazonCloudWatch-*"),
        ),
    ),
    ManagedPolicy(
        "AWSXrayWriteOnlyAccess",
        "2016-12-01T18:19:53Z",
        "Sending traces.",
        (allow("xray:GetSampling* xray:PutTelemetryRecords xray:PutTraceSegments"),),
    ),
    ManagedPolicy(
        "AWSXRayDaemonWriteAccess",
        "2018-08-28T23:00:33Z",
        "What the tracing daemon needs to send traces.",
        (allow("xray:GetSampling* xray:PutTelemetryRecords xray:PutTraceSegments"),),
    ),
    ManagedPolicy(
        "AWSCloudTrail_FullAccess",
        "2021-02-08T23:41:32Z",
        "Full management of trails and event data stores.",
        (
            allow("cloudtrail:* kms:CreateKey kms:CreateAlias kms:ListAliases kms:ListKeys lambda:ListFunctions"),
            allow(
                "dynamodb:ListTables dynamodb:ListGlobalTables iam:GetRolePolicy iam:GetUser iam:ListRoles "
                "logs:CreateLogGroup logs:DescribeLogGroups sns:AddPermission sns:CreateTopic sns:GetTopicAttributes "
                "sns:ListTopics sns:SetTopicAttributes s3:GetBucketLocation s3:GetBucketPolicy s3:ListAllMyBuckets"
            ),
            allow(
                "s3:CreateBucket s3:PutBucketPolicy s3:PutBucketPublicAccessBlock", "arn:aws:s3:::aws-cloudtrail-logs*"
            ),
            pass_role("cloudtrail.amazonaws.com"),
        ),
    ),
    ManagedPolicy(
        "AWSCloudTrail_ReadOnlyAccess",
        "2022-06-14T17:22:57Z",
        "A view of trails, and looking up events.",
        (allow("cloudtrail:Describe* cloudtrail:Get* cloudtrail:List* cloudtrail:LookupEvents"),),
    ),
    ManagedPolicy(
        "service-role/AWS_ConfigRole",
        "2020-09-15T17:57:02Z",
        "What AWS Config needs to record the configuration of most kinds of resources.",
        (
            allow(
                "acm:Describe* acm:List* apigateway:GET autoscaling:Describe* cloudformation:Describe* "
                "cloudformation:Get* cloudformation:List* cloudfront:Get* cloudfront:List* cloudtrail:Describe* "
                "cloudtrail:Get* cloudtrail:List* cloudwatch:Describe* cloudwatch:Get* cloudwatch:List* "
                "codebuild:BatchGet* codebuild:List* config:* dax:Describe* dms:Describe* dynamodb:Describe* "
                "dynamodb:List* ec2:Describe* ec2:Get* ecr:Describe* ecr:GetLifecyclePolicy "
                "ecr:GetRepositoryPolicy ecr:List* ecs:Describe* ecs:List* eks:Describe* eks:List* "
                "elasticache:Describe* elasticache:List* elasticfilesystem:Describe* "
                "elasticloadbalancing:Describe* es:Describe* es:List* guardduty:Get* guardduty:List* "
                "iam:Generate* iam:Get* iam:List* kinesis:Describe* kinesis:List* kms:Describe* kms:Get* "
                "kms:List* lambda:Get* lambda:List* logs:Describe* logs:List* organizations:Describe* "
                "organizations:List* rds:Describe* rds:List* redshift:Describe* route53:Get* route53:List* "
                "s3:GetAccelerateConfiguration s3:GetAccessPoint* s3:GetAccountPublicAccessBlock s3:GetBucket* "
                "s3:GetEncryptionConfiguration s3:GetLifecycleConfiguration s3:GetReplicationConfiguration "
                "s3:List* secretsmanager:Describe* secretsmanager:GetResourcePolicy secretsmanager:List* sns:Get* "
                "sns:List* sqs:Get* sqs:List* ssm:Describe* ssm:List* states:Describe* states:List* tag:Get* "
                "waf:Get* waf:List* wafv2:Get* wafv2:List*"
            ),
        ),
    ),
    ManagedPolicy(
        "AWSCloudFormationReadOnlyAccess",
        "2015-02-06T18:39:49Z",
        "A view of stacks.",
        (
            allow(
                "cloudformation:BatchDescribe* cloudformation:Describe* cloudformation:DetectStack* "
                "cloudformation:EstimateTemplateCost cloudformation:Get* cloudformation:List* "
                "cloudformation:ValidateTemplate"
            ),
        ),
    ),
    ManagedPolicy(
        "AWSCloudFormationFullAccess",
        "2019-07-26T21:50:36Z",
        "Full management of stacks, but not of what is in them.",
        (allow("cloudformation:*"),),
    ),
    ManagedPolicy(
        "AWSSupportAccess", "2015-02-06T18:41:11Z", "Opening and following support cases.", (allow("support:*"),)
    ),
    ManagedPolicy(
        "service-role/AWSControlTowerServiceRolePolicy",
        "2019-05-03T18:19:11Z",
        "What Control Tower needs to set up and watch the accounts of an organization.",
        (
            allow(
                "account:EnableRegion account:GetRegionOptStatus account:ListRegions cloudformation:CreateStack* "
                "cloudformation:DeleteStack* cloudformation:Describe* cloudformation:Get* cloudformation:List* "
                "cloudformation:UpdateStack* cloudtrail:CreateTrail cloudtrail:DeleteTrail "
                "cloudtrail:DescribeTrails cloudtrail:GetTrailStatus cloudtrail:StartLogging "
                "cloudtrail:StopLogging cloudtrail:UpdateTrail ec2:DescribeAvailabilityZones iam:ListRoles "
                "logs:CreateLogGroup logs:CreateLogStream logs:PutLogEvents logs:PutRetentionPolicy "
                "organizations:* servicecatalog:Associate* servicecatalog:DescribeProvisionedProduct "
                "servicecatalog:DisassociatePrincipalFromPortfolio sso:* sso-directory:*"
            ),
            allow("sts:AssumeRole", "arn:aws:iam::*:role/AWSControlTowerExecution"),
            pass_role(
                "cloudformation.amazonaws.com",
                "cloudtrail.amazonaws.com",
                "config.amazonaws.com",
                roles="arn:aws:iam::*:role/service-role/AWSControlTower*",
            ),
        ),
    ),
    # Keys, secrets and names ------------------------------------------------------------------------------------------
    ManagedPolicy(
        "AWSKeyManagementServicePowerUser",
        "2015-02-06T18:40:40Z",
        "Creating and viewing keys; using and managing one takes its key policy.",
        (
            allow(
                "kms:CreateAlias kms:CreateKey kms:DeleteAlias kms:Describe* kms:GenerateRandom kms:Get* kms:List* "
                "kms:TagResource kms:UntagResource iam:ListGroups iam:ListRoles iam:ListUsers"
            ),
        ),
    ),
    ManagedPolicy(
        "SecretsManagerReadWrite",
        "2018-04-04T18:05:29Z",
        "Full use of secrets, with what their rotation needs.",
        (
            allow(
                "secretsmanager:* cloudformation:CreateChangeSet cloudformation:DescribeChangeSet "
                "cloudformation:DescribeStack* cloudformation:ExecuteChangeSet docdb-elastic:GetCluster "
                "docdb-elastic:ListClusters ec2:DescribeSecurityGroups ec2:DescribeSubnets ec2:DescribeVpcs "
                "kms:DescribeKey kms:ListAliases kms:ListKeys lambda:ListFunctions rds:DescribeDBClusters "
                "rds:DescribeDBInstances redshift:DescribeClusters redshift-serverless:GetNamespace "
                "redshift-serverless:ListWorkgroups tag:GetResources"
            ),
            allow(
                "lambda:AddPermission lambda:CreateFunction lambda:GetFunction lambda:InvokeFunction "
                "lambda:UpdateFunctionConfiguration",
                "arn:aws:lambda:*:*:function:SecretsManager*",
            ),
        ),
    ),
    ManagedPolicy(
        "AmazonRoute53FullAccess",
        "2015-02-06T18:40:54Z",
        "Full management of DNS zones, with the load balancers, buckets and endpoints that records point to.",
        (
            allow(
                "route53:* route53domains:* cloudfront:ListDistributions cloudwatch:DescribeAlarms "
                "cloudwatch:GetMetricStatistics ec2:DescribeRegions ec2:DescribeVpcEndpoints ec2:DescribeVpcs "
                "elasticbeanstalk:DescribeEnvironments elasticloadbalancing:DescribeLoadBalancers "
                "s3:GetBucketLocation s3:GetBucketWebsite s3:ListAllMyBuckets sns:ListSubscriptionsByTopic "
                "sns:ListTopics"
            ),
            allow("apigateway:GET", "arn:aws:apigateway:*::/domainnames"),
        ),
    ),
    ManagedPolicy(
        "AmazonRoute53ReadOnlyAccess",
        "2015-02-06T18:40:55Z",
        "A view of DNS zones.",
        (allow("route53:Get* route53:List* route53:TestDNSAnswer"),),
    ),
    ManagedPolicy(
        "CloudFrontFullAccess",
        "2015-02-06T18:39:50Z",
        "Full management of distributions.",
        (
            allow(
                "acm:ListCertificates cloudfront:* cloudfront-keyvaluestore:* ec2:DescribeInstances "
                "ec2:DescribeInternetGateways elasticloadbalancing:DescribeLoadBalancers iam:ListServerCertificates "
                "kinesis:DescribeStream kinesis:ListStreams s3:ListAllMyBuckets waf:GetWebACL waf:ListWebACLs "
                "wafv2:GetWebACL wafv2:ListWebACLs"
            ),
        ),
    ),
    ManagedPolicy(
        "CloudFrontReadOnlyAccess",
        "2015-02-06T18:39:55Z",
        "A view of distributions.",
        (
            allow(
                "acm:DescribeCertificate acm:ListCertificates cloudfront:Describe* cloudfront:Get* "
                "cloudfront:List* cloudfront-keyvaluestore:Describe* cloudfront-keyvaluestore:Get* "
                "cloudfront-keyvaluestore:List* iam:ListServerCertificates route53:List* waf:GetWebACL "
                "waf:ListWebACLs wafv2:GetWebACL wafv2:ListWebACLs"
            ),
        ),
    ),
    ManagedPolicy(
        "AWSCertificateManagerFullAccess",
        "2016-01-21T17:02:36Z",
        "Full management of certificates.",
        (allow("acm:*"), create_service_linked_role("acm.amazonaws.com")),
    ),
    ManagedPolicy(
        "AWSCertificateManagerReadOnly",
        "2016-01-21T17:07:33Z",
        "A view of certificates.",
        (allow("acm:DescribeCertificate acm:GetAccountConfiguration acm:GetCertificate acm:List*"),),
    ),
    # Job functions ----------------------------------------------------------------------------------------------------
    ManagedPolicy(
        "job-function/SupportUser",
        "2016-11-10T17:21:53Z",
        "Support cases, and a view of the resources that they are about.",
        (
            allow(
                "support:* trustedadvisor:Describe* trustedadvisor:Get* trustedadvisor:List* health:Describe* "
                "acm:Describe* acm:List* apigateway:GET autoscaling:Describe* cloudformation:Describe* "
                "cloudformation:Get* cloudformation:List* cloudfront:Get* cloudfront:List* cloudtrail:Describe* "
                "cloudtrail:Get* cloudtrail:LookupEvents cloudwatch:Describe* cloudwatch:Get* cloudwatch:List* "
                "codebuild:BatchGet* codebuild:List* config:Describe* config:Get* dynamodb:Describe* "
                "dynamodb:List* ec2:Describe* ecs:Describe* ecs:List* eks:Describe* eks:List* "
                "elasticache:Describe* elasticbeanstalk:Describe* elasticbeanstalk:List* "
                "elasticfilesystem:Describe* elasticloadbalancing:Describe* elasticmapreduce:Describe* "
                "elasticmapreduce:List* events:Describe* events:List* glacier:Describe* glacier:List* "
                "guardduty:Get* guardduty:List* iam:Generate* iam:Get* iam:List* iam:Simulate* kinesis:Describe* "
                "kinesis:List* kms:Describe* kms:GetKeyPolicy kms:GetKeyRotationStatus kms:List* "
                "lambda:GetAccountSettings lambda:GetEventSourceMapping lambda:GetFunctionConfiguration "
                "lambda:GetPolicy lambda:List* logs:Describe* logs:FilterLogEvents logs:GetLogEvents "
                "rds:Describe* rds:List* redshift:Describe* route53:Get* route53:List* "
                "s3:GetAccelerateConfiguration s3:GetBucket* s3:GetEncryptionConfiguration "
                "s3:GetLifecycleConfiguration s3:GetReplicationConfiguration s3:ListAllMyBuckets s3:ListBucket* "
                "ses:Describe* ses:Get* ses:List* sns:Get* sns:List* sqs:GetQueueAttributes sqs:GetQueueUrl "
                "sqs:ListQueues ssm:Describe* ssm:List* states:Describe* states:List* storagegateway:List* "
                "swf:Count* swf:Describe* swf:Get* swf:List* workspaces:Describe*"
            ),
        ),
    ),
    ManagedPolicy(
        "job-function/SystemAdministrator",
        "2016-11-10T17:23:54Z",
        "Setting up and running what development and operations use: servers, networks, monitoring, delivery.",
        (
            allow(
                "acm:Describe* acm:Get* acm:List* acm:Request* acm:Resend* autoscaling:* "
                "cloudtrail:DescribeTrails cloudtrail:GetTrailStatus cloudtrail:List* cloudtrail:LookupEvents "
                "cloudtrail:StartLogging cloudtrail:StopLogging cloudwatch:* codecommit:BatchGet* "
                "codecommit:Create* codecommit:Get* codecommit:Git* codecommit:List* codecommit:Put* "
                "codecommit:Test* codecommit:Update* codedeploy:* codepipeline:* config:* ds:* ec2:Accept*Vpc* "
                "ec2:Allocate* ec2:Assign* ec2:Associate* ec2:Attach* ec2:AuthorizeSecurityGroup* ec2:Bundle* "
                "ec2:Cancel* ec2:Copy* ec2:Create*Gateway ec2:CreateDhcpOptions ec2:CreateFlowLogs "
                "ec2:CreateImage ec2:CreateInstanceExportTask ec2:CreateKeyPair ec2:CreateLaunchTemplate* "
                "ec2:CreateNetworkInterface ec2:CreatePlacementGroup ec2:CreateRoute* ec2:CreateSecurityGroup "
                "ec2:CreateSnapshot* ec2:CreateSubnet ec2:CreateTags ec2:CreateVolume ec2:CreateVpc* "
                "ec2:CreateVpn* ec2:Delete*Gateway ec2:DeleteDhcpOptions ec2:DeleteFlowLogs ec2:DeleteKeyPair "
                "ec2:DeleteLaunchTemplate* ec2:DeleteNetwork* ec2:DeletePlacementGroup ec2:DeleteRoute* "
                "ec2:DeleteSecurityGroup ec2:DeleteSnapshot ec2:DeleteSubnet ec2:DeleteTags ec2:DeleteVolume "
                "ec2:DeleteVpc* ec2:DeleteVpn* ec2:DeregisterImage ec2:Describe* ec2:Detach* "
                "ec2:DisableVgwRoutePropagation ec2:Disassociate* ec2:EnableVgwRoutePropagation "
                "ec2:EnableVolumeIO ec2:GetConsole* ec2:GetLaunchTemplateData ec2:GetSecurityGroupsForVpc "
                "ec2:Import* ec2:Modify* ec2:Monitor* ec2:RebootInstances ec2:RegisterImage ec2:Reject*Vpc* "
                "ec2:Release* ec2:Replace* ec2:ReportInstanceStatus ec2:Request* ec2:Reset* "
                "ec2:RevokeSecurityGroup* ec2:RunInstances ec2:StartInstances ec2:StopInstances "
                "ec2:TerminateInstances ec2:Unassign* ec2:Unmonitor* ec2:UpdateSecurityGroupRuleDescriptions* "
                "elasticloadbalancing:* events:* kinesis:ListStreams kinesis:PutRecord kms:CreateAlias "
                "kms:CreateKey kms:DeleteAlias kms:Describe* kms:Encrypt kms:GenerateRandom kms:Get* kms:List* "
                "kms:ReEncrypt* lambda:Create* lambda:Delete* lambda:Get* lambda:InvokeFunction lambda:List* "
                "lambda:PublishVersion lambda:Update* logs:* rds:Describe* rds:ListTagsForResource "
                "rolesanywhere:Get* rolesanywhere:List* route53:* route53domains:* s3:* ses:* sns:* sqs:* "
                "trustedadvisor:*"
            ),
            allow(
                "iam:GetAccessKeyLastUsed iam:GetAccount* iam:GetContextKeys* iam:GetCredentialReport "
                "iam:GetGroup* iam:GetInstanceProfile iam:GetLoginProfile iam:GetOpenIDConnectProvider "
                "iam:GetPolicy* iam:GetRole* iam:GetSAMLProvider iam:GetSSHPublicKey iam:GetServerCertificate "
                "iam:GetServiceLastAccessed* iam:GetUser* iam:List* iam:Simulate* iam:UpdateServerCertificate "
                "iam:UpdateSigningCertificate iam:Upload*"
            ),
            allow(
                "iam:PassRole",
                "arn:aws:iam::*:role/rds-monitoring-role arn:aws:iam::*:role/ec2-sysadmin-* "
                "arn:aws:iam::*:role/ecr-sysadmin-* arn:aws:iam::*:role/lambda-sysadmin-*",
            ),
        ),
    ),
    ManagedPolicy(
        "job-function/DatabaseAdministrator",
        "2016-11-10T17:25:43Z",
        "Setting up and running databases.",
        (
            allow(
                f"{ALARMS} cloudwatch:PutMetricAlarm datapipeline:ActivatePipeline datapipeline:CreatePipeline "
                "datapipeline:DeletePipeline datapipeline:Describe* datapipeline:GetPipelineDefinition "
                "datapipeline:ListPipelines datapipeline:PutPipelineDefinition datapipeline:QueryObjects "
                f"dynamodb:* {NETWORK_VIEW} ec2:DescribeAddresses ec2:DescribeInternetGateways elasticache:* "
                "iam:ListRoles kms:ListKeys lambda:CreateEventSourceMapping lambda:CreateFunction "
                "lambda:DeleteEventSourceMapping lambda:DeleteFunction lambda:GetFunctionConfiguration "
                "lambda:ListEventSourceMappings lambda:ListFunctions logs:Create* logs:DescribeLogGroups "
                "logs:DescribeLogStreams logs:FilterLogEvents logs:GetLogEvents logs:PutLogEvents "
                "logs:PutMetricFilter rds:* redshift:* s3:CreateBucket sns:CreateTopic sns:DeleteTopic sns:Get* "
                "sns:List* sns:SetTopicAttributes sns:Subscribe sns:Unsubscribe"
            ),
            allow(
                "s3:AbortMultipartUpload s3:DeleteObject* s3:Get* s3:List* s3:PutAccelerateConfiguration "
                "s3:PutBucketTagging s3:PutBucketVersioning s3:PutBucketWebsite s3:PutLifecycleConfiguration "
                "s3:PutObject s3:PutReplicationConfiguration s3:Replicate* s3:RestoreObject"
            ),
            allow(
                "iam:GetRole iam:PassRole",
                "arn:aws:iam::*:role/rds-monitoring-role arn:aws:iam::*:role/rdbms-lambda-access "
                "arn:aws:iam::*:role/lambda_exec_role arn:aws:iam::*:role/lambda-dynamodb-* "
                "arn:aws:iam::*:role/lambda-vpc-execution-role arn:aws:iam::*:role/DataPipelineDefaultRole "
                "arn:aws:iam::*:role/DataPipelineDefaultResourceRole",
            ),
        ),
    ),
    ManagedPolicy(
        "job-function/DataScientist",
        "2016-11-10T17:28:48Z",
        "Running analyses: clusters, warehouses, queries, streams and models.",
        (
            allow(
                "autoscaling:* cloudformation:CreateStack cloudformation:DescribeStack* cloudwatch:* "
                "datapipeline:Describe* datapipeline:List* datapipeline:GetPipelineDefinition dynamodb:* "
                "ec2:CancelSpot* ec2:CreateTags ec2:DeleteTags ec2:Describe* ec2:Modify* ec2:RequestSpotInstances "
                "ec2:RunInstances ec2:StartInstances ec2:StopInstances ec2:TerminateInstances elasticfilesystem:* "
                "elasticmapreduce:* es:* firehose:* fsx:Describe* iam:GetInstanceProfile iam:GetPolicy "
                "iam:GetPolicyVersion iam:GetRole iam:ListRoles kinesis:* kms:List* lambda:Create* lambda:Delete* "
                "lambda:Get* lambda:InvokeFunction lambda:List* lambda:PublishVersion lambda:Update* "
                "logs:Describe* logs:GetLogEvents machinelearning:* quicksight:* rds:Describe* redshift:* "
                "s3:CreateBucket s3:GetBucket* s3:List* sagemaker:* sns:CreateTopic sns:Get* sns:List*"
            ),
            allow(
                "s3:AbortMultipartUpload s3:DeleteObject s3:Get* s3:List* s3:PutObject s3:RestoreObject s3:PutBucket*"
            ),
            allow(
                "iam:PassRole",
                "arn:aws:iam::*:role/DataPipelineDefaultRole arn:aws:iam::*:role/DataPipelineDefaultResourceRole "
                "arn:aws:iam::*:role/EMR_EC2_DefaultRole arn:aws:iam::*:role/EMR_DefaultRole "
                "arn:aws:iam::*:role/kinesis-*",
            ),
            pass_role("sagemaker.amazonaws.com"),
        ),
    ),
    ManagedPolicy(
        "job-function/NetworkAdministrator",
        "2016-11-10T17:31:35Z",
        "Setting up and running networks, DNS, load balancers and content delivery.",
        (
            allow(
                "autoscaling:Describe* cloudfront:ListDistributions cloudwatch:DeleteAlarms "
                "cloudwatch:DescribeAlarms cloudwatch:GetMetricStatistics cloudwatch:PutMetricAlarm "
                "directconnect:* ec2:Accept* ec2:AllocateAddress ec2:AllocateIpam* ec2:Assign* ec2:Associate* "
                "ec2:Attach*Gateway ec2:AttachNetworkInterface ec2:AttachVerifiedAccess* ec2:Authorize* "
                "ec2:CreateCarrierGateway ec2:CreateCustomerGateway ec2:CreateDefault* ec2:CreateDhcpOptions "
                "ec2:CreateEgressOnlyInternetGateway ec2:CreateFlowLogs ec2:CreateInternetGateway ec2:CreateIpam* "
                "ec2:CreateManagedPrefixList ec2:CreateNatGateway ec2:CreateNetwork* ec2:CreatePlacementGroup "
                "ec2:CreateRoute* ec2:CreateSecurityGroup ec2:CreateSubnet* ec2:CreateTags "
                "ec2:CreateTransitGateway* ec2:CreateVpc* ec2:CreateVpn* ec2:Delete*Gateway* "
                "ec2:DeleteDhcpOptions ec2:DeleteFlowLogs ec2:DeleteIpam* ec2:DeleteManagedPrefixList "
                "ec2:DeleteNetwork* ec2:DeletePlacementGroup ec2:DeleteRoute* ec2:DeleteSecurityGroup "
                "ec2:DeleteSubnet* ec2:DeleteTags ec2:DeleteVpc* ec2:DeleteVpn* ec2:Describe* ec2:Detach*Gateway "
                "ec2:DetachNetworkInterface ec2:Disable*Propagation ec2:DisableVpc* ec2:Disassociate* "
                "ec2:Enable*Propagation ec2:EnableVpc* ec2:Get*PrefixList* ec2:GetIpam* ec2:GetTransitGateway* "
                "ec2:GetSecurityGroupsForVpc ec2:ModifyIpam* ec2:ModifyManagedPrefixList "
                "ec2:ModifyNetworkInterfaceAttribute ec2:ModifySecurityGroupRules ec2:ModifySubnetAttribute "
                "ec2:ModifyTransitGateway* ec2:ModifyVpc* ec2:ModifyVpn* ec2:MoveAddressToVpc ec2:Reject* "
                "ec2:ReleaseAddress ec2:Replace* ec2:ResetNetworkInterfaceAttribute ec2:Revoke* "
                "ec2:SearchTransitGateway* ec2:Unassign* ec2:UpdateSecurityGroupRuleDescriptions* "
                "elasticbeanstalk:Describe* elasticbeanstalk:List* elasticbeanstalk:RetrieveEnvironmentInfo "
                "elasticloadbalancing:* logs:DescribeLogGroups logs:DescribeLogStreams logs:GetLogEvents "
                "networkmanager:* route53:* route53domains:* route53resolver:* s3:GetBucketLocation "
                "s3:GetBucketWebsite s3:ListBucket sns:CreateTopic sns:ListSubscriptionsByTopic sns:ListTopics"
            ),
            allow("iam:GetRole iam:ListRoles iam:PassRole", "arn:aws:iam::*:role/flow-logs-*"),
            create_service_linked_role("transitgateway.amazonaws.com", "networkmanager.amazonaws.com"),
        ),
    ),
    ManagedPolicy(
        "job-function/Billing",
        "2016-11-10T17:33:18Z",
        "Bills, payments, budgets and cost reports.",
        (
            allow(
                "account:GetAccountInformation aws-portal:*Billing aws-portal:*PaymentMethods aws-portal:ViewUsage "
                "bcm-data-exports:* billing:* budgets:* ce:* consolidatedbilling:* cost-optimization-hub:* cur:* "
                "freetier:Get* freetier:Put* invoicing:* mapcredits:List* payments:* pricing:* purchase-orders:* "
                "support:AddAttachmentsToSet support:CreateCase sustainability:GetCarbonFootprintSummary tax:*"
            ),
        ),
    ),
    # What a member account's root user may do for the organization, see sts:AssumeRoot --------------------------------
    ManagedPolicy(
        "root-task/IAMAuditRootUserCredentials",
        "2024-11-14T17:30:11Z",
        "Looking which credentials a member account's root user has.",
        (
            allow(
                "iam:GetAccessKeyLastUsed iam:GetAccountSummary iam:GetLoginProfile iam:GetUser iam:ListAccessKeys "
                "iam:ListMFADevices iam:ListSigningCertificates"
            ),
            deny(
                "iam:GetAccessKeyLastUsed iam:GetLoginProfile iam:GetUser iam:ListAccessKeys iam:ListMFADevices "
                "iam:ListSigningCertificates",
                "arn:aws:iam::*:user/*",
            ),
        ),
    ),
    ManagedPolicy(
        "root-task/IAMCreateRootUserPassword",
        "2024-11-14T17:32:02Z",
        "Letting a member account's root user set a password again.",
        (allow("iam:CreateLoginProfile iam:GetLoginProfile", "arn:aws:iam::*:root"),),
    ),
    ManagedPolicy(
        "root-task/IAMDeleteRootUserCredentials",
        "2024-11-14T17:33:44Z",
        "Removing the password, keys, certificates and MFA devices of a member account's root user.",
        (
            allow(
                "iam:DeactivateMFADevice iam:DeleteAccessKey iam:DeleteLoginProfile iam:DeleteSigningCertificate "
                "iam:GetLoginProfile iam:ListAccessKeys iam:ListMFADevices iam:ListSigningCertificates "
                "iam:DeleteVirtualMFADevice"
            ),
            deny(
                "iam:DeactivateMFADevice iam:DeleteAccessKey iam:DeleteLoginProfile iam:DeleteSigningCertificate",
                "arn:aws:iam::*:user/*",
            ),
        ),
    ),
    ManagedPolicy(
        "root-task/S3UnlockBucketPolicy",
        "2024-11-14T17:35:26Z",
        "Removing a bucket policy that shuts everybody out.",
        (allow("s3:DeleteBucketPolicy s3:GetBucketPolicy s3:ListAllMyBuckets s3:PutBucketPolicy"),),
    ),
    ManagedPolicy(
        "root-task/SQSUnlockQueuePolicy",
        "2024-11-14T17:37:09Z",
        "Removing a queue policy that shuts everybody out.",
        (allow("sqs:GetQueueAttributes sqs:GetQueueUrl sqs:ListQueues sqs:SetQueueAttributes"),),
    ),
    # Of service-linked roles: nobody can attach these -----------------------------------------------------------------
    ManagedPolicy(
        "aws-service-role/AWSElasticLoadBalancingServiceRolePolicy",
        "2017-09-19T22:19:04Z",
        "What load balancers need of EC2.",
        (
            allow(
                "ec2:AllocateAddress ec2:AssociateAddress ec2:AttachNetworkInterface "
                "ec2:AuthorizeSecurityGroupIngress ec2:CreateNetworkInterface ec2:CreateSecurityGroup "
                "ec2:CreateTags ec2:DeleteNetworkInterface ec2:Describe* ec2:DetachNetworkInterface "
                "ec2:DisassociateAddress ec2:ModifyNetworkInterfaceAttribute ec2:ReleaseAddress "
                "ec2:UnassignIpv6Addresses logs:CreateLogDelivery logs:DeleteLogDelivery logs:GetLogDelivery "
                "logs:ListLogDeliveries logs:UpdateLogDelivery outposts:GetOutpostInstanceTypes"
            ),
        ),
    ),
    ManagedPolicy(
        "aws-service-role/AWSOrganizationsServiceTrustPolicy",
        "2017-10-10T23:04:07Z",
        "What an organization needs to let other services work in its accounts.",
        (allow("iam:CreateServiceLinkedRole iam:DeleteRole", "arn:aws:iam::*:role/aws-service-role/*"),),
    ),
    ManagedPolicy(
        "aws-service-role/AmazonECSServiceRolePolicy",
        "2017-10-14T01:18:58Z",
        "What ECS needs to run services.",
        (
            allow(
                "autoscaling:Describe* cloudwatch:DescribeAlarms ec2:AttachNetworkInterface "
                "ec2:CreateNetworkInterface ec2:CreateNetworkInterfacePermission ec2:DeleteNetworkInterface "
                "ec2:DeleteNetworkInterfacePermission ec2:Describe* ec2:DetachNetworkInterface "
                "elasticloadbalancing:Deregister* elasticloadbalancing:Describe* elasticloadbalancing:Register* "
                "route53:ChangeResourceRecordSets route53:*HealthCheck route53:Get* route53:List* "
                "servicediscovery:DeregisterInstance servicediscovery:Get* servicediscovery:List* "
                "servicediscovery:RegisterInstance servicediscovery:UpdateInstanceCustomHealthStatus"
            ),
        ),
    ),
    ManagedPolicy(
        "aws-service-role/AWSSSOServiceRolePolicy",
        "2017-12-05T18:36:15Z",
        "What IAM Identity Center needs to keep its roles in each account.",
        (
            allow(
                "iam:*RolePermissionsBoundary iam:AttachRolePolicy iam:CreateRole iam:DeleteRole iam:DeleteRolePolicy "
                "iam:DetachRolePolicy iam:GetRole iam:ListAttachedRolePolicies iam:ListRolePolicies iam:PutRolePolicy "
                "iam:UpdateAssumeRolePolicy iam:UpdateRole iam:UpdateRoleDescription",
                "arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/*",
            ),
            allow("iam:ListRoles organizations:Describe* organizations:List*"),
            allow("iam:*SAMLProvider", "arn:aws:iam::*:saml-provider/AWSSSO_*"),
        ),
    ),
    ManagedPolicy(
        "aws-service-role/AmazonRDSServiceRolePolicy",
        "2018-01-08T18:17:46Z",
        "What RDS needs of EC2 and CloudWatch.",
        (
            allow(
                "cloudwatch:PutMetricData ec2:AllocateAddress ec2:AssociateAddress "
                "ec2:AuthorizeSecurityGroupIngress ec2:CreateNetworkInterface ec2:CreateSecurityGroup "
                "ec2:DeleteNetworkInterface ec2:DeleteSecurityGroup ec2:Describe* ec2:DisassociateAddress "
                "ec2:ModifyNetworkInterfaceAttribute ec2:ReleaseAddress ec2:RevokeSecurityGroupIngress "
                "sns:Publish"
            ),
            allow(WRITE_LOGS, "arn:aws:logs:*:*:log-group:/aws/rds/* arn:aws:logs:*:*:log-group:/aws/docdb/*"),
        ),
    ),
    ManagedPolicy(
        "aws-service-role/AutoScalingServiceRolePolicy",
        "2018-01-08T23:10:55Z",
        "What scaling groups need of EC2 and load balancers.",
        (
            allow(
                "cloudwatch:DeleteAlarms cloudwatch:DescribeAlarms cloudwatch:GetMetricData "
                "cloudwatch:PutMetricAlarm ec2:AttachClassicLinkVpc ec2:CancelSpot* ec2:CreateFleet "
                "ec2:CreateTags ec2:DeleteTags ec2:Describe* ec2:ModifyInstanceAttribute ec2:RequestSpotInstances "
                "ec2:RunInstances ec2:StartInstances ec2:StopInstances ec2:TerminateInstances "
                "elasticloadbalancing:Deregister* elasticloadbalancing:Describe* elasticloadbalancing:Register* "
                "sns:Publish"
            ),
            pass_role("ec2.amazonaws.com"),
            create_service_linked_role("spot.amazonaws.com"),
        ),
    ),
    ManagedPolicy(
        "aws-service-role/AWSTrustedAdvisorServiceRolePolicy",
        "2018-02-22T21:24:25Z",
        "What Trusted Advisor needs to check resources.",
        (
            allow(
                "autoscaling:Describe* ce:GetReservation* ce:GetSavingsPlans* cloudformation:Describe* "
                "cloudformation:List* cloudfront:ListDistributions cloudtrail:DescribeTrails "
                "cloudtrail:GetEventSelectors cloudtrail:GetTrailStatus cloudwatch:GetMetric* "
                "dynamodb:DescribeLimits dynamodb:DescribeTable dynamodb:ListTables ec2:Describe* "
                "elasticloadbalancing:Describe* iam:Generate* iam:GetAccount* iam:GetCredentialReport "
                "iam:GetServerCertificate iam:ListServerCertificates kinesis:DescribeLimits lambda:ListFunctions "
                "organizations:Describe* organizations:List* rds:Describe* redshift:Describe* route53:Get* "
                "route53:List* s3:GetAccountPublicAccessBlock s3:GetBucketAcl s3:GetBucketLocation "
                "s3:GetBucketLogging s3:GetBucketPolicy* s3:GetBucketPublicAccessBlock s3:GetBucketVersioning "
                "s3:GetLifecycleConfiguration s3:ListAllMyBuckets s3:ListBucket ses:GetSendQuota "
                "sqs:GetQueueAttributes sqs:ListQueues"
            ),
        ),
    ),
    ManagedPolicy(
        "aws-service-role/AWSSupportServiceRolePolicy",
        "2018-04-19T18:04:44Z",
        "What AWS Support needs to look at the resources that a case is about.",
        (
            allow(
                "autoscaling:Describe* cloudformation:Describe* cloudformation:List* cloudfront:Get* "
                "cloudfront:List* cloudtrail:Describe* cloudtrail:LookupEvents cloudwatch:Describe* "
                "cloudwatch:Get* cloudwatch:List* config:Describe* dynamodb:Describe* dynamodb:List* "
                "ec2:Describe* ecs:Describe* ecs:List* eks:Describe* eks:List* elasticache:Describe* "
                "elasticloadbalancing:Describe* iam:Generate* iam:Get* iam:List* kms:Describe* kms:List* "
                "lambda:GetFunctionConfiguration lambda:List* logs:Describe* rds:Describe* redshift:Describe* "
                "route53:Get* route53:List* s3:GetBucket* s3:ListAllMyBuckets s3:ListBucket sns:Get* sns:List* "
                "sqs:GetQueueAttributes sqs:ListQueues"
            ),
        ),
    ),
    ManagedPolicy(
        "aws-service-role/AmazonEKSServiceRolePolicy",
        "2020-02-21T20:10:23Z",
        "What EKS needs to connect its control planes with a cluster's network.",
        (
            allow(
                "ec2:AuthorizeSecurityGroupIngress ec2:CreateNetworkInterface "
                "ec2:CreateNetworkInterfacePermission ec2:CreateSecurityGroup ec2:CreateTags "
                "ec2:DeleteNetworkInterface ec2:DeleteSecurityGroup ec2:Describe* ec2:DetachNetworkInterface "
                "ec2:ModifyNetworkInterfaceAttribute ec2:RevokeSecurityGroupIngress iam:ListAttachedRolePolicies "
                "route53:AssociateVPCWithHostedZone"
            ),
            allow(WRITE_LOGS, "arn:aws:logs:*:*:log-group:/aws/eks/*"),
            allow("cloudwatch:PutMetricData", StringLike={"cloudwatch:namespace": ["AWS/EKS", "AWS/Usage"]}),
        ),
    ),
)
