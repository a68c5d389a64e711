// The AWS SDK for Go as a client: prints what it saw, for the tests to judge.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

var ctx = context.Background()

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return value
}

// configured gives the environment's settings, with other credentials if there are any. AWS_ENDPOINT_URL is younger
// than this SDK, which asks a resolver.
func configured(provider aws.CredentialsProvider) aws.Config {
	endpoint := aws.EndpointResolverWithOptionsFunc(func(_, region string, _ ...any) (aws.Endpoint, error) {
		return aws.Endpoint{URL: os.Getenv("AWS_ENDPOINT_URL"), SigningRegion: region, HostnameImmutable: true}, nil
	})
	options := []func(*config.LoadOptions) error{config.WithEndpointResolverWithOptions(endpoint)}
	if provider != nil {
		options = append(options, config.WithCredentialsProvider(provider))
	}
	return must(config.LoadDefaultConfig(ctx, options...))
}

func caller(provider aws.CredentialsProvider) string {
	return *must(sts.NewFromConfig(configured(provider)).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})).Arn
}

func tagsOf(tags []types.Tag) []map[string]string {
	read := []map[string]string{}
	for _, tag := range tags {
		read = append(read, map[string]string{"Key": *tag.Key, "Value": *tag.Value})
	}
	return read
}

func namesOf(users []types.User) []string {
	names := []string{}
	for _, user := range users {
		names = append(names, *user.UserName)
	}
	return names
}

func document(action, resource string) *string {
	statement := map[string]any{"Effect": "Allow", "Action": action, "Resource": resource}
	text := must(json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{statement}}))
	return aws.String(string(text))
}

// refusal tells code, message and status of an error that is of the given type: of the SDK's own type for its code.
func refusal[T error](_ any, err error) []any {
	var kind T
	var api smithy.APIError
	var response *awshttp.ResponseError
	if !errors.As(err, &kind) || !errors.As(err, &api) || !errors.As(err, &response) || response.RequestID == "" {
		fmt.Fprintf(os.Stderr, "not the refusal that was expected: %v\n", err)
		os.Exit(1)
	}
	return []any{api.ErrorCode(), api.ErrorMessage(), response.HTTPStatusCode()}
}

func life() map[string]any {
	seen := map[string]any{}
	client := iam.NewFromConfig(configured(nil))
	seen["caller"] = caller(nil)

	names := []string{"Alice", "Bob", "Mateo", "Nikki", "Zhang"}
	tags := []types.Tag{{Key: aws.String("Cost ünit/=+"), Value: aws.String("v +@: é")}}
	for _, name := range names {
		must(client.CreateUser(ctx, &iam.CreateUserInput{
			UserName: aws.String(name), Path: aws.String("/team/"), Tags: tags}))
	}
	must(0, iam.NewUserExistsWaiter(client).Wait(ctx, &iam.GetUserInput{UserName: aws.String("Zhang")}, 5*time.Second))
	pages := [][]string{}
	listed := iam.NewListUsersPaginator(client, &iam.ListUsersInput{
		PathPrefix: aws.String("/team/"), MaxItems: aws.Int32(2)})
	for listed.HasMorePages() {
		pages = append(pages, namesOf(must(listed.NextPage(ctx)).Users))
	}
	seen["pages"] = pages
	bob := aws.String("Bob")
	user := must(client.GetUser(ctx, &iam.GetUserInput{UserName: bob})).User
	seen["user"] = []any{*user.Arn, tagsOf(user.Tags), time.Since(*user.CreateDate) < time.Hour}
	must(client.TagUser(ctx, &iam.TagUserInput{
		UserName: bob, Tags: []types.Tag{{Key: aws.String("Extra"), Value: aws.String("")}}}))
	must(client.UntagUser(ctx, &iam.UntagUserInput{UserName: bob, TagKeys: []string{*tags[0].Key}}))
	seen["tags"] = tagsOf(must(client.ListUserTags(ctx, &iam.ListUserTagsInput{UserName: bob})).Tags)

	readers, read := aws.String("Readers"), aws.String("read")
	must(client.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: readers}))
	must(client.AddUserToGroup(ctx, &iam.AddUserToGroupInput{GroupName: readers, UserName: bob}))
	inline := document("iam:GetUser", "arn:aws:iam::*:user/%20+ü~*")
	must(client.PutGroupPolicy(ctx, &iam.PutGroupPolicyInput{
		GroupName: readers, PolicyName: read, PolicyDocument: inline}))
	stored := must(client.GetGroupPolicy(ctx, &iam.GetGroupPolicyInput{GroupName: readers, PolicyName: read}))
	seen["documentReturned"] = must(url.PathUnescape(*stored.PolicyDocument)) == *inline
	seen["members"] = namesOf(must(client.GetGroup(ctx, &iam.GetGroupInput{GroupName: readers})).Users)

	policy := must(client.CreatePolicy(ctx, &iam.CreatePolicyInput{
		PolicyName: aws.String("AssumeAny"), PolicyDocument: document("sts:*", "*")})).Policy.Arn
	version := must(client.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{
		PolicyArn: policy, PolicyDocument: document("sts:AssumeRole", "*"), SetAsDefault: true}))
	seen["version"] = *version.PolicyVersion.VersionId
	must(client.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: bob, PolicyArn: policy}))
	attached := []map[string]string{}
	for _, each := range must(client.ListAttachedUserPolicies(ctx, &iam.ListAttachedUserPoliciesInput{
		UserName: bob})).AttachedPolicies {
		attached = append(attached, map[string]string{"PolicyName": *each.PolicyName, "PolicyArn": *each.PolicyArn})
	}
	seen["attached"] = attached

	newKey := &iam.CreateAccessKeyInput{UserName: bob}
	key := must(client.CreateAccessKey(ctx, newKey)).AccessKey
	second := must(client.CreateAccessKey(ctx, newKey)).AccessKey
	bobs := credentials.NewStaticCredentialsProvider(*key.AccessKeyId, *key.SecretAccessKey, "")
	seen["callerWithKey"] = caller(bobs)

	keeper := aws.String("Keeper")
	account := strings.Split(seen["caller"].(string), ":")[4]
	trust := fmt.Sprintf(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
		"Principal": {"AWS": "arn:aws:iam::%s:user/team/Bob"}}]}`, account)
	role := must(client.CreateRole(ctx, &iam.CreateRoleInput{
		RoleName: keeper, AssumeRolePolicyDocument: aws.String(trust)})).Role.Arn
	must(client.PutRolePolicy(ctx, &iam.PutRolePolicyInput{
		RoleName: keeper, PolicyName: aws.String("look"), PolicyDocument: document("iam:GetUser", "*")}))
	must(0, iam.NewRoleExistsWaiter(client).Wait(ctx, &iam.GetRoleInput{RoleName: keeper}, 5*time.Second))
	bobsSts := sts.NewFromConfig(configured(bobs))
	assumed := must(bobsSts.AssumeRole(ctx, &sts.AssumeRoleInput{
		RoleArn: role, RoleSessionName: aws.String("night"), DurationSeconds: aws.Int32(900)}))
	seen["assumed"] = *assumed.AssumedRoleUser.Arn
	session := credentials.NewStaticCredentialsProvider(*assumed.Credentials.AccessKeyId,
		*assumed.Credentials.SecretAccessKey, *assumed.Credentials.SessionToken)
	seen["callerWithRole"] = caller(session)
	asKeeper := iam.NewFromConfig(configured(session))
	seen["userSeenByRole"] = *must(asKeeper.GetUser(ctx, &iam.GetUserInput{UserName: aws.String("Alice")})).User.Arn
	seen["callerByProvider"] = caller(stscreds.NewAssumeRoleProvider(bobsSts, *role,
		func(options *stscreds.AssumeRoleOptions) { options.RoleSessionName = "provider" }))

	seen["refusals"] = [][]any{
		refusal[*types.NoSuchEntityException](client.GetUser(ctx, &iam.GetUserInput{UserName: aws.String("Jane")})),
		refusal[*types.EntityAlreadyExistsException](client.CreateUser(ctx,
			&iam.CreateUserInput{UserName: aws.String("bob")})),
		refusal[*types.DeleteConflictException](client.DeleteUser(ctx, &iam.DeleteUserInput{UserName: bob})),
		refusal[*types.LimitExceededException](client.CreateAccessKey(ctx, newKey)),
		refusal[*types.MalformedPolicyDocumentException](client.PutRolePolicy(ctx, &iam.PutRolePolicyInput{
			RoleName: keeper, PolicyName: aws.String("look"), PolicyDocument: aws.String("{")})),
		refusal[smithy.APIError](client.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("a b")})),
		refusal[smithy.APIError](asKeeper.DeleteUser(ctx, &iam.DeleteUserInput{UserName: aws.String("Alice")})),
	}

	must(client.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: keeper, PolicyName: aws.String("look")}))
	must(client.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: keeper}))
	for _, id := range []*string{key.AccessKeyId, second.AccessKeyId} {
		must(client.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: bob, AccessKeyId: id}))
	}
	must(client.DetachUserPolicy(ctx, &iam.DetachUserPolicyInput{UserName: bob, PolicyArn: policy}))
	must(client.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: policy, VersionId: aws.String("v1")}))
	must(client.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: policy}))
	must(client.RemoveUserFromGroup(ctx, &iam.RemoveUserFromGroupInput{GroupName: readers, UserName: bob}))
	must(client.DeleteGroupPolicy(ctx, &iam.DeleteGroupPolicyInput{GroupName: readers, PolicyName: read}))
	must(client.DeleteGroup(ctx, &iam.DeleteGroupInput{GroupName: readers}))
	for _, name := range names {
		must(client.DeleteUser(ctx, &iam.DeleteUserInput{UserName: aws.String(name)}))
	}
	seen["left"] = namesOf(must(client.ListUsers(ctx, &iam.ListUsersInput{})).Users)
	return seen
}

func presigned() string {
	client := sts.NewPresignClient(sts.NewFromConfig(configured(nil)))
	return must(client.PresignGetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})).URL
}

func main() {
	programs := map[string]func() any{
		"caller":    func() any { return caller(nil) },
		"life":      func() any { return life() },
		"presigned": func() any { return presigned() },
	}
	must(0, json.NewEncoder(os.Stdout).Encode(programs[os.Args[1]]()))
}
