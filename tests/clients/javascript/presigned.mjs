// A request for who calls that anyone who has it may send, presigned by npm's aws4.

import aws4 from "aws4";

const { host } = new URL(process.env.AWS_ENDPOINT_URL);
const path = "/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Expires=60";
const signed = aws4.sign({ host, path, region: "us-east-1", service: "sts", signQuery: true });
console.log(JSON.stringify(`http://${host}${signed.path}`));
