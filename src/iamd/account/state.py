"""An account in memory: its records, indexed, as operations and authorization read them."""

from collections.abc import Collection, Iterable
from typing import Any, TypeVar, cast

from iamd.account.changes import Change, Delete, Put
from iamd.account.directory import Directory
from iamd.account.quotas import QUOTAS
from iamd.account.records import (
    KINDS,
    AccessKey,
    AccessReport,
    CredentialReport,
    Group,
    Identity,
    InstanceProfile,
    LastUsed,
    LoginProfile,
    ManagedPolicy,
    MFADevice,
    NamedRecord,
    OpenIDConnectProvider,
    QuotaRequest,
    Record,
    Role,
    SAMLProvider,
    ServerCertificate,
    ServiceAccess,
    ServiceLinkedRoleDeletion,
    ServiceSpecificCredential,
    Settings,
    SigningCertificate,
    SSHPublicKey,
    User,
    WebIdentityIssuer,
    join_accesses,
)
from iamd.account.tables import Table
from iamd.arn import find_arn, iam_arn
from iamd.errors import LimitExceeded, NoSuchEntity

R = TypeVar("R", bound=Record)

_USES = frozenset({LastUsed.kind, ServiceAccess.kind})


class Account:
    """One account's records and indexes.

    Operations only read it and answer with changes; the replica alone calls ``apply``. INVARIANT: every index below is
    a function of the tables, kept by ``_index`` and nothing else.
    """

    def __init__(self, account_id: str, directory: Directory, records: Iterable[Record] = ()) -> None:
        self.account_id = account_id
        self.directory = directory
        self.revision = 0  # of the newest commit that this account holds
        self._tables: dict[str, Table[Record]] = {kind: Table() for kind in KINDS}
        self.users = cast(Table[User], self._tables["user"])
        self.groups = cast(Table[Group], self._tables["group"])
        self.roles = cast(Table[Role], self._tables["role"])
        self.policies = cast(Table[ManagedPolicy], self._tables["policy"])
        self.instance_profiles = cast(Table[InstanceProfile], self._tables["instance-profile"])
        self.access_keys = cast(Table[AccessKey], self._tables["access-key"])
        self.login_profiles = cast(Table[LoginProfile], self._tables["login-profile"])  # by owner id
        self.mfa_devices = cast(Table[MFADevice], self._tables["mfa"])
        self.server_certificates = cast(Table[ServerCertificate], self._tables["server-certificate"])
        self.signing_certificates = cast(Table[SigningCertificate], self._tables["signing-certificate"])
        self.service_specific_credentials = cast(
            Table[ServiceSpecificCredential], self._tables["service-specific-credential"]
        )
        self.open_id_connect_providers = cast(Table[OpenIDConnectProvider], self._tables["oidc-provider"])
        self.saml_providers = cast(Table[SAMLProvider], self._tables["saml-provider"])
        self.service_linked_role_deletions = cast(
            Table[ServiceLinkedRoleDeletion], self._tables["service-linked-role-deletion"]
        )
        self.quota_requests = cast(Table[QuotaRequest], self._tables["quota-request"])
        self.last_used = cast(Table[LastUsed], self._tables["last-used"])
        self.service_accesses = cast(Table[ServiceAccess], self._tables["service-access"])
        self.access_reports = cast(Table[AccessReport], self._tables["access-report"])
        self._by_id: dict[str, Record] = {}
        self._member_ids: dict[str, dict[str, None]] = {}  # group id → user ids
        self._attached_ids: dict[str, dict[str, None]] = {}  # policy ARN → ids of users, groups, roles
        self._bounded_ids: dict[str, dict[str, None]] = {}  # policy ARN → ids of users, roles
        self._owned_keys: dict[str, dict[str, None]] = {}  # kind/owner id → keys of the credentials of that kind
        self._profile_ids: dict[str, dict[str, None]] = {}  # role id → instance profile ids
        self.wrong_mfa_codes: dict[str, dict[str, int]] = {}  # see iamd.authentication.mfa
        self.unsaved_uses: dict[str, LastUsed] = {}  # by id: uses seen here that are not in the table yet
        self.unsaved_accesses: dict[str, ServiceAccess] = {}  # by key, likewise
        self.recorded_until: dict[tuple[str, str, str], int] = {}  # see iamd.replica.replica.Replica.note_use
        self.derived: dict[object, Any] = {}  # what readers computed; forgotten at every change but of recorded uses
        for record in records:
            self.apply(Put(record))

    # Writing ----------------------------------------------------------------------------------------------------------

    def apply(self, change: Change) -> Change:
        """Make the change, and return the one that undoes it. Changes of the directory do nothing here."""
        if not isinstance(change, Put | Delete):
            return change
        record = change.record
        if record.kind not in _USES:
            self.derived.clear()
        table = self._tables[record.kind]
        if isinstance(change, Put):
            old = table._put(record)
            if old is not None:
                self._index(old, present=False)
            self._index(record, present=True)
            return Delete(record) if old is None else Put(old)
        old = table._remove(record.key)
        if old is None:
            return change
        self._index(old, present=False)
        return Put(old)

    def _index(self, record: Record, *, present: bool) -> None:
        owner_id: str | None = getattr(record, "owner_id", None)
        if owner_id is not None:
            _link(self._owned_keys, f"{record.kind}/{owner_id}", record.key, present)
        record_id: str | None = getattr(record, "id", None)
        if record_id is None or isinstance(record, LastUsed):
            return
        if present:
            self._by_id[record_id] = record
        else:
            self._by_id.pop(record_id, None)
        if isinstance(record, Identity):
            for arn in record.attached_policies:
                _link(self._attached_ids, arn, record_id, present)
        if isinstance(record, User | Role) and record.permissions_boundary:
            _link(self._bounded_ids, record.permissions_boundary, record_id, present)
        if isinstance(record, User):
            for group_id in record.group_ids:
                _link(self._member_ids, group_id, record_id, present)
        elif isinstance(record, InstanceProfile) and record.role_id:
            _link(self._profile_ids, record.role_id, record_id, present)

    def mark_used(self, use: LastUsed) -> None:
        """Let ``use`` be seen at once; ``iamd.replica.last_used`` saves it some time later."""
        self.unsaved_uses[use.id] = use

    def table(self, kind: str) -> Table[Record]:
        """The records of one kind of ``iamd.account.records.KINDS``."""
        return self._tables[kind]

    # The account itself -----------------------------------------------------------------------------------------------

    @property
    def settings(self) -> Settings:
        settings = self._tables["settings"].find("account")
        return cast(Settings, settings) if settings else Settings(account_id=self.account_id, created=0)

    @property
    def credential_report(self) -> CredentialReport | None:
        """The newest one."""
        return cast("CredentialReport | None", self._tables["credential-report"].find("newest"))

    @property
    def web_identity_issuer(self) -> WebIdentityIssuer | None:
        """The account as an issuer of web identity tokens, None if it never was one."""
        return cast("WebIdentityIssuer | None", self._tables["web-identity-issuer"].find("issuer"))

    def quota(self, name: str) -> int:
        """The limit in force for a quota of ``iamd.account.quotas``."""
        return self.settings.quotas.get(name, QUOTAS[name].default)

    def require_room(self, name: str, count: int | None = None) -> None:
        """Raise LimitExceeded in AWS's words if ``count`` (default: how many there are) already fills the quota."""
        if count is None:
            count = len(self._counted(name))
        limit = self.quota(name)
        if count >= limit:
            raise LimitExceeded(f"Cannot exceed quota for {QUOTAS[name].exceeded}: {limit}")

    def _counted(self, name: str) -> Table[Record]:
        kind = {
            "Users": "user",
            "Groups": "group",
            "Roles": "role",
            "Policies": "policy",
            "InstanceProfiles": "instance-profile",
            "ServerCertificates": "server-certificate",
            "OpenIDConnectProviders": "oidc-provider",
            "SAMLProviders": "saml-provider",
        }[name]
        return self._tables[kind]

    # Finding: find_ returns None, get_ raises AWS's NoSuchEntity ------------------------------------------------------
    # Names are unique whatever their case; a look-up takes the exact name, as the ARN spells it.

    def find_user(self, name: str) -> User | None:
        return _exact(self.users.find(name.lower()), name)

    def get_user(self, name: str) -> User:
        user = self.find_user(name)
        if user is None:
            raise NoSuchEntity(f"The user with name {name} cannot be found.")
        return user

    def find_group(self, name: str) -> Group | None:
        return _exact(self.groups.find(name.lower()), name)

    def get_group(self, name: str) -> Group:
        group = self.find_group(name)
        if group is None:
            raise NoSuchEntity(f"The group with name {name} cannot be found.")
        return group

    def find_role(self, name: str) -> Role | None:
        return _exact(self.roles.find(name.lower()), name)

    def get_role(self, name: str) -> Role:
        role = self.find_role(name)
        if role is None:
            raise NoSuchEntity(f"The role with name {name} cannot be found.")
        return role

    def find_role_by_arn(self, arn: str) -> Role | None:
        """The role of this account that has exactly this ARN."""
        parsed = find_arn(arn)
        if parsed is None or parsed.service != "iam" or parsed.account_id != self.account_id:
            return None
        role = self.find_role(parsed.name)
        return role if role is not None and role.arn == arn else None

    def find_instance_profile(self, name: str) -> InstanceProfile | None:
        return _exact(self.instance_profiles.find(name.lower()), name)

    def get_instance_profile(self, name: str) -> InstanceProfile:
        profile = self.find_instance_profile(name)
        if profile is None:
            raise NoSuchEntity(f"Instance Profile {name} cannot be found.")
        return profile

    def find_mfa_device(self, serial_number: str) -> MFADevice | None:
        prefix = iam_arn(self.account_id, "mfa", "", "")
        if serial_number.startswith(prefix):
            return self.mfa_devices.find(serial_number.removeprefix(prefix))
        return None if serial_number.startswith("/") else self.mfa_devices.find(serial_number)

    def get_mfa_device(self, serial_number: str) -> MFADevice:
        device = self.find_mfa_device(serial_number)
        if device is None:
            raise NoSuchEntity(f"MFA Device with serial number {serial_number} does not exist.")
        return device

    def find_server_certificate(self, name: str) -> ServerCertificate | None:
        return _exact(self.server_certificates.find(name.lower()), name)

    def get_server_certificate(self, name: str) -> ServerCertificate:
        certificate = self.find_server_certificate(name)
        if certificate is None:
            raise NoSuchEntity(f"The Server Certificate with name {name} cannot be found.")
        return certificate

    def find_open_id_connect_provider(self, arn: str) -> OpenIDConnectProvider | None:
        prefix = iam_arn(self.account_id, "oidc-provider", "/", "")
        return self.open_id_connect_providers.find(arn.removeprefix(prefix)) if arn.startswith(prefix) else None

    def get_open_id_connect_provider(self, arn: str) -> OpenIDConnectProvider:
        provider = self.find_open_id_connect_provider(arn)
        if provider is None:
            raise NoSuchEntity(f"OpenIDConnect Provider not found for arn {arn}")
        return provider

    def find_saml_provider(self, arn: str) -> SAMLProvider | None:
        prefix = iam_arn(self.account_id, "saml-provider", "/", "")
        if not arn.startswith(prefix):
            return None
        name = arn.removeprefix(prefix)
        return _exact(self.saml_providers.find(name.lower()), name)

    def get_saml_provider(self, arn: str) -> SAMLProvider:
        provider = self.find_saml_provider(arn)
        if provider is None:
            raise NoSuchEntity(f"Manifest not found for arn {arn}")
        return provider

    def find_policy(self, arn: str) -> ManagedPolicy | None:
        """A customer-managed policy of this account or an AWS-managed one."""
        if arn in self.directory.aws_managed_policies:
            return self.directory.aws_managed_policies[arn]
        parsed = find_arn(arn)
        if parsed is None or parsed.service != "iam" or parsed.account_id != self.account_id:
            return None
        policy = self.policies.find(parsed.name.lower())
        return policy if policy is not None and policy.arn == arn else None

    def find_by_id(self, unique_id: str) -> Record | None:
        """The record with this unique id, of whatever kind."""
        return self._by_id.get(unique_id)

    def find_last_used(self, used_id: str) -> LastUsed | None:
        """The last use of an access key id, or of a role's or user's (for its password) unique id."""
        saved, unsaved = self.last_used.find(used_id), self.unsaved_uses.get(used_id)
        if saved is None or unsaved is None:
            return unsaved or saved
        return unsaved if unsaved.time >= saved.time else saved

    def find_service_access(self, principal_id: str, service: str) -> ServiceAccess | None:
        """What this process knows of a principal's use of a service; others may have seen more of it."""
        key = f"{principal_id}/{service}"
        return self.unsaved_accesses.get(key) or self.service_accesses.find(key)

    def service_accesses_of(self, principal_ids: Collection[str]) -> dict[str, dict[str, ServiceAccess]]:
        """By principal (a user's or role's unique id, or root's account id) and by service, what was asked for.

        All that is known in this process, whether it is saved or not.
        """
        found = {
            principal_id: {access.service: access for access in self.service_accesses.starting(f"{principal_id}/")}
            for principal_id in principal_ids
        }
        for unsaved in self.unsaved_accesses.values():
            services = found.get(unsaved.principal_id)
            if services is not None:
                saved = services.get(unsaved.service)
                services[unsaved.service] = unsaved if saved is None else join_accesses(saved, unsaved)
        return found

    def recorded_uses(self, entity_id: str) -> list[LastUsed | ServiceAccess]:
        """The saved records of what a user's or role's unique id was used for: they go with it."""
        last_used = self.last_used.find(entity_id)
        return [*([last_used] if last_used else []), *self.service_accesses.starting(f"{entity_id}/")]

    # Relations, in the order they were made ---------------------------------------------------------------------------

    def members(self, group: Group) -> list[User]:
        """The group's users, by name."""
        users = [cast(User, self._by_id[user_id]) for user_id in self._member_ids.get(group.id, ())]
        return sorted(users, key=lambda user: user.key)

    def groups_of(self, user: User) -> list[Group]:
        """The user's groups, in the order of joining."""
        return [cast(Group, self._by_id[group_id]) for group_id in user.group_ids]

    def access_keys_of(self, owner_id: str) -> list[AccessKey]:
        """The access keys of a user's unique id, or of root's account id, oldest first."""
        return sorted(self._owned(AccessKey, owner_id), key=lambda key: (key.created, key.ordinal))

    def mfa_devices_of(self, owner_id: str) -> list[MFADevice]:
        """The MFA devices of a user's unique id, or of root's account id, by path and name."""
        return sorted(self._owned(MFADevice, owner_id), key=lambda device: device.key)

    def ssh_public_keys_of(self, user: User) -> list[SSHPublicKey]:
        """The user's SSH public keys, oldest first."""
        return sorted(self._owned(SSHPublicKey, user.id), key=lambda key: (key.created, key.id))

    def signing_certificates_of(self, owner_id: str) -> list[SigningCertificate]:
        """The signing certificates of a user's unique id, or of root's account id, oldest first."""
        certificates = self._owned(SigningCertificate, owner_id)
        return sorted(certificates, key=lambda certificate: (certificate.created, certificate.id))

    def service_specific_credentials_of(self, user: User) -> list[ServiceSpecificCredential]:
        """The user's service-specific credentials, oldest first."""
        credentials = self._owned(ServiceSpecificCredential, user.id)
        return sorted(credentials, key=lambda credential: (credential.created, credential.id))

    def _owned(self, kind: type[R], owner_id: str) -> list[R]:
        table = self._tables[kind.kind]
        return [cast(R, table.find(key)) for key in self._owned_keys.get(f"{kind.kind}/{owner_id}", ())]

    def attached_to(self, policy_arn: str) -> list[Identity]:
        """The users, groups and roles a managed policy is attached to."""
        return [cast(Identity, self._by_id[record_id]) for record_id in self._attached_ids.get(policy_arn, ())]

    def attachment_count(self, policy_arn: str) -> int:
        """How many users, groups and roles a managed policy is attached to."""
        return len(self._attached_ids.get(policy_arn, ()))

    def boundary_count(self, policy_arn: str) -> int:
        """How many users and roles have this policy as their permissions boundary."""
        return len(self._bounded_ids.get(policy_arn, ()))

    @property
    def policy_versions_in_use(self) -> int:
        """What the quota PolicyVersionsInUse counts: all own policies' versions, and one of each AWS-managed in use."""
        aws_managed = self.directory.aws_managed_policies
        own = sum(len(policy.versions) for policy in self.policies)
        return own + sum(arn in aws_managed for arn in self._attached_ids)

    def bounded_by(self, policy_arn: str) -> list[User | Role]:
        """The users and roles whose permissions boundary this policy is."""
        return [cast("User | Role", self._by_id[record_id]) for record_id in self._bounded_ids.get(policy_arn, ())]

    def instance_profiles_of(self, role: Role) -> list[InstanceProfile]:
        """The instance profiles that hold the role, by name."""
        profiles = [cast(InstanceProfile, self._by_id[profile_id]) for profile_id in self._profile_ids.get(role.id, ())]
        return sorted(profiles, key=lambda profile: profile.key)

    def role_of(self, profile: InstanceProfile) -> Role | None:
        """The role in an instance profile."""
        return cast(Role, self._by_id[profile.role_id]) if profile.role_id else None


N = TypeVar("N", bound=NamedRecord)


def _exact(record: N | None, name: str) -> N | None:
    return record if record is not None and record.name == name else None


def _link(index: dict[str, dict[str, None]], key: str, value: str, present: bool) -> None:
    if present:
        index.setdefault(key, {})[value] = None
        return
    values = index.get(key)
    if values is not None:
        values.pop(value, None)
        if not values:
            del index[key]
