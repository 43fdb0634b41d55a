import type { Limits } from '../../../nodes/Pocketsflow/transport/limits';
import {
	drip,
	halfResponse,
	json,
	resetAfterBody,
	resetBeforeBody,
	silence,
	text,
	type Behavior,
} from './faultServer';
import { key, operations, quickLimits } from './fixtures';

export type OperationName = keyof typeof operations;

export const operationNames: OperationName[] = ['read', 'create', 'update', 'delete'];

/** One way in which a request can fail, and the outcome. */
export interface Fault {
	name: string;
	/** What the server does; a string is a base URL at which there is no server. */
	behavior: Behavior | string;
	/** Requests that reach the server, for each operation or the same for all. */
	requests: number | Record<OperationName, number>;
	/** The message of the error, for each operation or the same for all. */
	message: string | Partial<Record<OperationName, string>>;
	/** What the description says is to be done; not said of a create whose outcome is unknown. */
	next: string;
	/** What the description says that the request met with. */
	finding: string;
	limits?: Partial<Limits>;
	httpCode?: string;
}

const once = 1;
const onlyHarmless: Record<OperationName, number> = { read: 4, create: 1, update: 4, delete: 4 };

export const unknownOutcome =
	'The outcome is unknown: Pocketsflow may have processed this request. It was not sent again. Check Pocketsflow (test mode) before you retry.';

export const perhapsDone = 'Pocketsflow may still have processed the request.';

/** What happened, with what follows from it if the request may have been carried out. */
export const buildMessages = (whatHappened: string): Record<OperationName, string> => ({
	read: whatHappened,
	create: `${whatHappened} ${unknownOutcome}`,
	update: `${whatHappened} ${perhapsDone}`,
	delete: `${whatHappened} ${perhapsDone}`,
});

const notProcessed = 'Pocketsflow could not process the request. Try again later.';
const foreign = `A proxy, a firewall, or another server may have responded instead of Pocketsflow. Check the 'Base URL' in the credential "Pocketsflow account" and n8n's network connection.`;
const checkId = 'Check the ID. It must belong to this account and to test mode, like the API key.';
const page =
	'<html><head><style>p{color:red}</style></head><body><h1>Bad gateway</h1>\n<p>The proxy is tired.</p></body></html>';

const statusNames: Record<number, string> = {
	401: 'Unauthorized',
	403: 'Forbidden',
	404: 'Not found',
};

const buildStatusFault = (status: number, error: string, next: string): Fault => ({
	name: String(status),
	behavior: json(status, { error, code: 'CODE' }),
	requests: once,
	message: `${error}.`,
	next,
	finding: `returned ${status} (CODE)`,
	httpCode: String(status),
});

const buildFault = (
	name: string,
	behavior: Behavior,
	whatHappened: string,
	finding: string,
	next = notProcessed,
): Fault => ({
	name,
	behavior,
	requests: onlyHarmless,
	message: buildMessages(whatHappened),
	next,
	finding,
});

export const faults: Fault[] = [
	buildStatusFault(400, 'price must be a number', 'Fix the field named above and try again.'),
	buildStatusFault(
		401,
		'Invalid API key',
		'Check the \'API Key\' in the credential "Pocketsflow account": it is a test-mode key and may have been mistyped or revoked.',
	),
	buildStatusFault(
		403,
		'Not allowed',
		`The test-mode API key in the credential "Pocketsflow account" doesn't have permission for this request. Check the key's permissions in Pocketsflow.`,
	),
	buildStatusFault(404, 'Product not found', checkId),
	buildStatusFault(
		409,
		'Slug taken',
		'The request conflicts with existing data. Check that data in Pocketsflow, then try again.',
	),
	buildStatusFault(422, 'name is required', 'Fix the field named above and try again.'),
	...[401, 403, 404].map(
		(status): Fault => ({
			name: `${status} with the page of a proxy or firewall`,
			behavior: text(status, page),
			requests: once,
			message: `${statusNames[status]}: the response is not JSON. It begins with "Bad gateway The proxy is tired.".`,
			next: foreign,
			finding: `returned ${status}`,
		}),
	),
	...[401, 403, 404].map(
		(status): Fault => ({
			name: `${status} with plain text of a firewall`,
			behavior: text(status, 'Access denied by policy', { 'content-type': 'text/plain' }),
			requests: once,
			message: `${statusNames[status]}: the response is not JSON. It begins with "Access denied by policy".`,
			next: foreign,
			finding: `returned ${status}`,
		}),
	),
	{
		name: '422 without a body',
		behavior: json(422, null),
		requests: once,
		message: 'Unprocessable request.',
		next: 'Check the fields of the node and try again.',
		finding: 'returned 422',
	},
	{
		name: '407 of a proxy',
		behavior: text(407, page),
		requests: once,
		message:
			'Proxy authentication required: the response is not JSON. It begins with "Bad gateway The proxy is tired.".',
		next: "Add the user name and password of the proxy to n8n's proxy settings.",
		finding: 'returned 407',
	},
	{
		name: '400 in JSON without any words',
		behavior: json(400, { ok: 0, key }),
		requests: once,
		message: 'Bad request: the response is {"ok":0,"key":"[API key]"}.',
		next: 'Check the fields of the node and try again.',
		finding: 'returned 400',
	},
	{
		name: '404 without a body',
		behavior: text(404, ''),
		requests: once,
		message: 'Not found.',
		next: checkId,
		finding: 'returned 404',
	},
	{
		name: '429 with Retry-After in seconds',
		behavior: json(429, { message: 'Slow down' }, { 'retry-after': '1' }),
		requests: 2,
		message:
			"Slow down. Because of Pocketsflow's rate limit, this request had to wait longer than the maximum of 1.9 seconds.",
		next: 'Try again later, or process fewer items.',
		finding: 'returned 429',
		limits: { ...quickLimits, totalTimeoutMs: 1_900 },
		httpCode: '429',
	},
	{
		name: '429 with a Retry-After longer than the total timeout',
		behavior: json(429, { message: 'Slow down' }, { 'retry-after': '86400' }),
		requests: 1,
		message:
			'Slow down. Pocketsflow asked n8n to wait 24 hours, but this node waits at most 5 minutes.',
		next: 'Try again later, or process fewer items.',
		finding: 'returned 429',
		limits: {},
	},
	{
		name: '429 with a Retry-After a second longer than the total timeout',
		behavior: json(429, { message: 'Slow down' }, { 'retry-after': '301' }),
		requests: 1,
		message:
			'Slow down. Pocketsflow asked n8n to wait 5 minutes 1 second, but this node waits at most 5 minutes.',
		next: 'Try again later, or process fewer items.',
		finding: 'returned 429',
		limits: {},
	},
	{
		name: '429 without Retry-After',
		behavior: json(429, { error: 'Too many requests' }),
		requests: 4,
		message:
			"Too many requests. Because of Pocketsflow's rate limit, this request had to wait longer than the maximum of 1.6 seconds.",
		next: 'Try again later, or process fewer items.',
		finding: 'returned 429',
		// With jitter halved (below): pauses of 150, 300, 600 and 1,200 ms, the last beyond 1,600 in all.
		limits: { ...quickLimits, retryDelayMs: 200, totalTimeoutMs: 1_600 },
	},
	{
		name: '429 with a Retry-After that nobody can mean',
		behavior: json(429, { error: 'Too many requests' }, { 'retry-after': '9'.repeat(400) }),
		requests: 4,
		message:
			"Too many requests. Because of Pocketsflow's rate limit, this request had to wait longer than the maximum of 1.6 seconds.",
		next: 'Try again later, or process fewer items.',
		finding: 'returned 429',
		// With jitter halved (below): pauses of 150, 300, 600 and 1,200 ms, the last beyond 1,600 in all.
		limits: { ...quickLimits, retryDelayMs: 200, totalTimeoutMs: 1_600 },
	},
	buildFault('500', json(500, { error: 'Boom' }), 'Boom.', 'returned 500'),
	buildFault(
		'502 with a page',
		text(502, page),
		'Bad gateway: the response is not JSON. It begins with "Bad gateway The proxy is tired.".',
		'returned 502',
	),
	buildFault('503', text(503, ''), 'Service unavailable.', 'returned 503'),
	buildFault(
		'connection reset before the request was read',
		resetBeforeBody,
		'HOST closed the connection without a response.',
		'got no response',
		'Try again later.',
	),
	buildFault(
		'connection reset after the request was read',
		resetAfterBody,
		'HOST closed the connection without a response.',
		'got no response',
		'Try again later.',
	),
	buildFault(
		'connection closed in the middle of the response',
		halfResponse,
		'The response from HOST was cut off or damaged.',
		'started to return 200',
		'Try again later.',
	),
	{
		...buildFault(
			'a response that drips for ever',
			drip,
			'HOST did not send a complete response within 1 second.',
			'started to return 200',
			'Try again later.',
		),
		limits: { ...quickLimits, requestTimeoutMs: 1_000 },
	},
	{
		...buildFault(
			'no response at all',
			silence,
			'HOST did not send a complete response within 1 second.',
			'got no response',
			'Try again later.',
		),
		limits: { ...quickLimits, requestTimeoutMs: 1_000 },
	},
	buildFault(
		'a response with damaged compression',
		text(200, 'this is not gzip', { 'content-encoding': 'gzip' }),
		'The response from HOST was cut off or damaged.',
		'started to return 200',
		'Try again later.',
	),
	{
		name: '200 with a page instead of JSON',
		behavior: text(200, page),
		requests: once,
		message: buildMessages(
			'The response is not JSON. It begins with "Bad gateway The proxy is tired.".',
		),
		next: foreign,
		finding: 'returned 200',
	},
	{
		name: 'DNS failure',
		behavior: 'https://pocketsflow.invalid',
		requests: 0,
		message: "Can't resolve host pocketsflow.invalid.",
		next: `Check the 'Base URL' in the credential "Pocketsflow account" and n8n's network connection.`,
		finding: 'after 4 attempts',
	},
	{
		name: 'connection refused',
		behavior: 'http://127.0.0.1:9',
		requests: 0,
		message: "Can't connect to 127.0.0.1:9: the connection was refused.",
		next: `Check the 'Base URL' in the credential "Pocketsflow account" and n8n's network connection.`,
		finding: 'got no response (ECONNREFUSED) after 4 attempts',
	},
	{
		name: 'redirect loop with 307',
		behavior: (request, response) => void response.writeHead(307, { location: request.url }).end(),
		requests: 6,
		message: 'HOST redirects to PATH. This node does not follow redirects.',
		next: 'Update the \'Base URL\' in the credential "Pocketsflow account".',
		finding: 'returned 307',
	},
	{
		name: 'redirect loop with 302',
		behavior: (request, response) => void response.writeHead(302, { location: request.url }).end(),
		requests: { read: 6, create: 1, update: 1, delete: 1 },
		message: buildMessages('HOST redirects to PATH. This node does not follow redirects.'),
		next: 'Update the \'Base URL\' in the credential "Pocketsflow account".',
		finding: 'returned 302',
	},
];
