// A typed client of a running Usher, made from its own document, and what the flows beside this file say of answers.

import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { paths } from "./document.js";

const { BASE = "http://127.0.0.1:3000", API_KEY = "" } = process.env;

/** A client that sends these headers with each request. */
export const usher = (headers: Record<string, string> = {}) => createClient<paths>({ baseUrl: BASE, headers });

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
export const key = { "x-api-key": API_KEY };

interface Answer<Data, Refusal> {
  data?: Data;
  error?: Refusal;
  response: Response;
}

/** What an answer of this status has in it. */
export function done<Data>(answer: Answer<Data, unknown>, status = 200): NonNullable<Data> {
  assert.equal(answer.response.status, status, `${answer.response.url}: ${JSON.stringify(answer.error)}`);
  return answer.data as NonNullable<Data>;
}

/** What a refusal of this status says. */
export function refused<Refusal>(answer: Answer<unknown, Refusal>, status: number): NonNullable<Refusal> {
  assert.equal(answer.response.status, status, `${answer.response.url}: ${JSON.stringify(answer.data)}`);
  return answer.error as NonNullable<Refusal>;
}

/** Asks again until it holds: listings are a moment behind. */
export async function until<T>(ask: () => Promise<T>, holds: (answer: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    const answer = await ask();
    if (holds(answer) || tries === 50) return answer;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
