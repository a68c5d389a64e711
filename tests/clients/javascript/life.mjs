// An account's life through the AWS SDK for JavaScript: prints what it saw, for tests/clients/life.py to judge.

import {
  AddUserToGroupCommand, AttachUserPolicyCommand, CreateAccessKeyCommand, CreateGroupCommand, CreatePolicyCommand,
  CreatePolicyVersionCommand, CreateRoleCommand, CreateUserCommand, DeleteAccessKeyCommand, DeleteConflictException,
  DeleteGroupCommand, DeleteGroupPolicyCommand, DeletePolicyCommand, DeletePolicyVersionCommand, DeleteRoleCommand,
  DeleteRolePolicyCommand, DeleteUserCommand, DetachUserPolicyCommand, EntityAlreadyExistsException, GetGroupCommand,
  GetGroupPolicyCommand, GetUserCommand, IAMClient, IAMServiceException, LimitExceededException,
  ListAttachedUserPoliciesCommand, ListUserTagsCommand, MalformedPolicyDocumentException, NoSuchEntityException,
  PutGroupPolicyCommand, PutRolePolicyCommand, RemoveUserFromGroupCommand, TagUserCommand, UntagUserCommand,
  paginateListUsers, waitUntilRoleExists, waitUntilUserExists,
} from "@aws-sdk/client-iam";
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { fromTemporaryCredentials } from "@aws-sdk/credential-providers";

const region = "us-east-1";
const iam = new IAMClient({ region });
const seen = {};

const callerOf = async (credentials) =>
  (await new STSClient({ region, credentials }).send(new GetCallerIdentityCommand({}))).Arn;

const refusal = async (kind, client, command) => {
  try {
    await client.send(command);
  } catch (error) {
    if (!(error instanceof kind)) throw error;
    return [error.Error.Code, error.message, error.$metadata.httpStatusCode];
  }
  throw new Error(`${command.constructor.name} was not refused`);
};

seen.caller = await callerOf();

const names = ["Alice", "Bob", "Mateo", "Nikki", "Zhang"];
const tags = [{ Key: "Cost ünit/=+", Value: "v +@: é" }];
for (const UserName of names) await iam.send(new CreateUserCommand({ UserName, Path: "/team/", Tags: tags }));
await waitUntilUserExists({ client: iam, maxWaitTime: 5 }, { UserName: "Zhang" });
seen.pages = [];
for await (const page of paginateListUsers({ client: iam, pageSize: 2 }, { PathPrefix: "/team/" }))
  seen.pages.push(page.Users.map((user) => user.UserName));
const { User } = await iam.send(new GetUserCommand({ UserName: "Bob" }));
seen.user = [User.Arn, User.Tags, User.CreateDate instanceof Date];
await iam.send(new TagUserCommand({ UserName: "Bob", Tags: [{ Key: "Extra", Value: "" }] }));
await iam.send(new UntagUserCommand({ UserName: "Bob", TagKeys: [tags[0].Key] }));
seen.tags = (await iam.send(new ListUserTagsCommand({ UserName: "Bob" }))).Tags;

await iam.send(new CreateGroupCommand({ GroupName: "Readers" }));
await iam.send(new AddUserToGroupCommand({ GroupName: "Readers", UserName: "Bob" }));
const document = (action, resource) =>
  JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: action, Resource: resource }] }, null, 2);
const inline = document("iam:GetUser", "arn:aws:iam::*:user/%20+ü~*");
await iam.send(new PutGroupPolicyCommand({ GroupName: "Readers", PolicyName: "read", PolicyDocument: inline }));
const { PolicyDocument } = await iam.send(new GetGroupPolicyCommand({ GroupName: "Readers", PolicyName: "read" }));
seen.documentReturned = decodeURIComponent(PolicyDocument) === inline;
seen.members = (await iam.send(new GetGroupCommand({ GroupName: "Readers" }))).Users.map((user) => user.UserName);

const { Policy } = await iam.send(
  new CreatePolicyCommand({ PolicyName: "AssumeAny", PolicyDocument: document("sts:*", "*") }));
const PolicyArn = Policy.Arn;
const { PolicyVersion } = await iam.send(new CreatePolicyVersionCommand(
  { PolicyArn, PolicyDocument: document("sts:AssumeRole", "*"), SetAsDefault: true }));
seen.version = PolicyVersion.VersionId;
await iam.send(new AttachUserPolicyCommand({ UserName: "Bob", PolicyArn }));
seen.attached = (await iam.send(new ListAttachedUserPoliciesCommand({ UserName: "Bob" }))).AttachedPolicies;

const newKey = async () => (await iam.send(new CreateAccessKeyCommand({ UserName: "Bob" }))).AccessKey;
const keys = [await newKey(), await newKey()];
const bob = { accessKeyId: keys[0].AccessKeyId, secretAccessKey: keys[0].SecretAccessKey };
seen.callerWithKey = await callerOf(bob);

const account = seen.caller.split(":")[4];
const trust = JSON.stringify({ Version: "2012-10-17", Statement: [
  { Effect: "Allow", Principal: { AWS: `arn:aws:iam::${account}:user/team/Bob` }, Action: "sts:AssumeRole" }] });
await iam.send(new CreateRoleCommand({ RoleName: "Keeper", AssumeRolePolicyDocument: trust }));
await iam.send(new PutRolePolicyCommand(
  { RoleName: "Keeper", PolicyName: "look", PolicyDocument: document("iam:GetUser", "*") }));
await waitUntilRoleExists({ client: iam, maxWaitTime: 5 }, { RoleName: "Keeper" });
const RoleArn = `arn:aws:iam::${account}:role/Keeper`;
const bobsSts = new STSClient({ region, credentials: bob });
const { AssumedRoleUser, Credentials } = await bobsSts.send(
  new AssumeRoleCommand({ RoleArn, RoleSessionName: "night", DurationSeconds: 900 }));
seen.assumed = AssumedRoleUser.Arn;
const session = {
  accessKeyId: Credentials.AccessKeyId,
  secretAccessKey: Credentials.SecretAccessKey,
  sessionToken: Credentials.SessionToken,
};
seen.callerWithRole = await callerOf(session);
const keeper = new IAMClient({ region, credentials: session });
seen.userSeenByRole = (await keeper.send(new GetUserCommand({ UserName: "Alice" }))).User.Arn;
seen.callerByProvider = await callerOf(
  fromTemporaryCredentials({ params: { RoleArn, RoleSessionName: "provider" }, masterCredentials: bob }));

seen.refusals = [
  await refusal(NoSuchEntityException, iam, new GetUserCommand({ UserName: "Jane" })),
  await refusal(EntityAlreadyExistsException, iam, new CreateUserCommand({ UserName: "bob" })),
  await refusal(DeleteConflictException, iam, new DeleteUserCommand({ UserName: "Bob" })),
  await refusal(LimitExceededException, iam, new CreateAccessKeyCommand({ UserName: "Bob" })),
  await refusal(MalformedPolicyDocumentException, iam,
    new PutRolePolicyCommand({ RoleName: "Keeper", PolicyName: "look", PolicyDocument: "{" })),
  await refusal(IAMServiceException, iam, new CreateUserCommand({ UserName: "a b" })),
  await refusal(IAMServiceException, keeper, new DeleteUserCommand({ UserName: "Alice" })),
];

await iam.send(new DeleteRolePolicyCommand({ RoleName: "Keeper", PolicyName: "look" }));
await iam.send(new DeleteRoleCommand({ RoleName: "Keeper" }));
for (const key of keys) await iam.send(new DeleteAccessKeyCommand({ UserName: "Bob", AccessKeyId: key.AccessKeyId }));
await iam.send(new DetachUserPolicyCommand({ UserName: "Bob", PolicyArn }));
await iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId: "v1" }));
await iam.send(new DeletePolicyCommand({ PolicyArn }));
await iam.send(new RemoveUserFromGroupCommand({ GroupName: "Readers", UserName: "Bob" }));
await iam.send(new DeleteGroupPolicyCommand({ GroupName: "Readers", PolicyName: "read" }));
await iam.send(new DeleteGroupCommand({ GroupName: "Readers" }));
for (const UserName of names) await iam.send(new DeleteUserCommand({ UserName }));
seen.left = [];
for await (const page of paginateListUsers({ client: iam }, {})) seen.left.push(...page.Users);

console.log(JSON.stringify(seen));
