// Who calls, as the AWS SDK for JavaScript says on a machine whose clock is CLOCK_OFFSET milliseconds off.

import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

const offset = Number(process.env.CLOCK_OFFSET ?? 0);
const rightNow = Date.now;
Date.now = () => rightNow() + offset;

const client = new STSClient({ region: "us-east-1" });
console.log(JSON.stringify((await client.send(new GetCallerIdentityCommand({}))).Arn));
