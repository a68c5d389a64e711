// npm's aws4: sends the requests of standard input, prints the answers.

import { readFileSync } from "node:fs";
import { request as send } from "node:http";
import aws4 from "aws4";

const answer = ({ method, url, body, region, service, keyId, secret, token }) => new Promise((resolve, reject) => {
  const { host, hostname, port } = new URL(url);
  const path = url.slice(url.indexOf(host) + host.length).replace(/^\?/, "/?"); // else as it stands
  const headers = method === "POST" ? { "Content-Type": "application/x-www-form-urlencoded; charset=utf-8" } : {};
  const signed = aws4.sign({ host, method, path, headers, body, region, service },
    { accessKeyId: keyId, secretAccessKey: secret, sessionToken: token || undefined });
  send({ ...signed, host: hostname, port }, (response) => {
    let text = "";
    response.on("data", (part) => { text += part; });
    response.on("end", () => resolve([response.statusCode, text]));
  }).on("error", reject).end(signed.body);
});

const answers = [];
for (const request of JSON.parse(readFileSync(0))) answers.push(await answer(request));
console.log(JSON.stringify(answers));
