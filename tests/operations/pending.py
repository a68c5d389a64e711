"""Operations of the installed models that are not written, or that no row of the table shows, yet.

A newer botocore that brings an operation makes tests fail until it is written or named here.
"""

PENDING: dict[str, set[str]] = {
    "iam": set(),
    "sts": set(),
    # Templates need accounts that Organizations makes; automatic management and reports need CloudWatch and AWS Health;
    # cases need AWS Support.
    "service-quotas": {
        "AssociateServiceQuotaTemplate",
        "CreateSupportCase",
        "DeleteServiceQuotaIncreaseRequestFromTemplate",
        "DisassociateServiceQuotaTemplate",
        "GetAssociationForServiceQuotaTemplate",
        "GetAutoManagementConfiguration",
        "GetQuotaUtilizationReport",
        "GetServiceQuotaIncreaseRequestFromTemplate",
        "ListServiceQuotaIncreaseRequestsInTemplate",
        "PutServiceQuotaIncreaseRequestIntoTemplate",
        "StartAutoManagement",
        "StartQuotaUtilizationReport",
        "StopAutoManagement",
        "UpdateAutoManagement",
    },
}
