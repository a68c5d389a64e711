// For each line on standard input: says who it is, with the credentials that the SDK finds by itself, in one process.
import { createInterface } from "node:readline";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

const sts = new STSClient({ maxAttempts: 1 });
console.log(JSON.stringify({ ready: true }));
for await (const _ of createInterface({ input: process.stdin })) {
  try {
    const { Arn } = await sts.send(new GetCallerIdentityCommand({}));
    const { accessKeyId } = await sts.config.credentials();
    console.log(JSON.stringify({ arn: Arn, key: accessKeyId }));
  } catch (error) {
    console.log(JSON.stringify({ error: `${error.name}: ${error.message}` }));
  }
}
