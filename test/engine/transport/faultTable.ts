import type { Limits } from '../../../nodes/Pocketsflow/transport/limits';
import {
	drip,
	halfResponse,
	json,
	resetAfterBody,
	resetBeforeBody,
	silence,
	text,
	type Behaviour,
} from './faultServer';
import { key, operations, quickLimits } from './fixtures';

export type OperationName = keyof typeof operations;

export const operationNames: OperationName[] = ['read', 'create', 'update', 'delete'];

/** One way in which a request can fail, and what comes of it. */
export interface Fault {
	name: string;
	/** What the server does; a string is a base URL at which there is no server. */
	behaviour: Behaviour | string;
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
	'Whether this was carried out is unknown, and it was not sent again: look in Pocketsflow (test mode) before you repeat it.';

export const perhapsDone = 'It may have been done all the same.';

/** What happened, with what follows from it where the request may have been carried out. */
export const buildMessages = (whatHappened: string): Record<OperationName, string> => ({
	read: whatHappened,
	create: `${whatHappened} ${unknownOutcome}`,
	update: `${whatHappened} ${perhapsDone}`,
	delete: `${whatHappened} ${perhapsDone}`,
});

const notProcessed = 'Pocketsflow could not process the request. Try again later.';
const foreign =
	'A proxy, a firewall or another server may have answered instead of Pocketsflow: check the \'Base URL\' in the credential "Pocketsflow account" and the network of n8n.';
const checkId =
	'Check the ID: it must be of this account and made in test mode, as the API key is.';
const page =
	'<html><head><style>p{color:red}</style></head><body><h1>Bad gateway</h1>\n<p>The proxy is tired.</p></body></html>';

const statusNames: Record<number, string> = {
	401: 'Unauthorized',
	403: 'Forbidden',
	404: 'Not found',
};

const buildStatusFault = (status: number, error: string, next: string): Fault => ({
	name: String(status),
	behaviour: json(status, { error, code: 'CODE' }),
	requests: once,
	message: `${error}.`,
	next,
	finding: `answered ${status} (CODE)`,
	httpCode: String(status),
});

const buildFault = (
	name: string,
	behaviour: Behaviour,
	whatHappened: string,
	finding: string,
	next = notProcessed,
): Fault => ({
	name,
	behaviour,
	requests: onlyHarmless,
	message: buildMessages(whatHappened),
	next,
	finding,
});

export const faults: Fault[] = [
	buildStatusFault(
		400,
		'price must be a number',
		'Compare this message with the fields of the node, correct them and try again.',
	),
	buildStatusFault(
		401,
		'Invalid API key',
		'Check the \'API Key\' in the credential "Pocketsflow account": it is a test-mode key and may be revoked or mistyped.',
	),
	buildStatusFault(
		403,
		'Not allowed',
		'The test-mode API key in the credential "Pocketsflow account" may not do this. Check in Pocketsflow what it is allowed to do.',
	),
	buildStatusFault(404, 'Product not found', checkId),
	buildStatusFault(409, 'Slug taken', 'It conflicts with what is in Pocketsflow already.'),
	buildStatusFault(
		422,
		'name is required',
		'Compare this message with the fields of the node, correct them and try again.',
	),
	...[401, 403, 404].map(
		(status): Fault => ({
			name: `${status} with the page of a proxy or firewall`,
			behaviour: text(status, page),
			requests: once,
			message: `${statusNames[status]}: the answer is not JSON but begins "Bad gateway The proxy is tired.".`,
			next: foreign,
			finding: `answered ${status}`,
		}),
	),
	{
		name: '407 of a proxy',
		behaviour: text(407, page),
		requests: once,
		message:
			'Proxy authentication required: the answer is not JSON but begins "Bad gateway The proxy is tired.".',
		next: 'Enter the user name and password of the proxy in the proxy settings of n8n.',
		finding: 'answered 407',
	},
	{
		name: '400 in JSON without any words',
		behaviour: json(400, { ok: 0, key }),
		requests: once,
		message: 'Bad request: the answer is {"ok":0,"key":"[API key]"}.',
		next: 'Compare this message with the fields of the node, correct them and try again.',
		finding: 'answered 400',
	},
	{
		name: '404 without a body',
		behaviour: text(404, ''),
		requests: once,
		message: 'Not found.',
		next: checkId,
		finding: 'answered 404',
	},
	{
		name: '429 with Retry-After in seconds',
		behaviour: json(429, { message: 'Slow down' }, { 'retry-after': '1' }),
		requests: 2,
		message:
			'Slow down. The rate limit of Pocketsflow keeps this request waiting longer than the 1.9 seconds that it may.',
		next: 'Try again later, or send fewer items at once.',
		finding: 'answered 429',
		limits: { ...quickLimits, totalTimeoutMs: 1_900 },
		httpCode: '429',
	},
	{
		name: '429 with a Retry-After longer than the total timeout',
		behaviour: json(429, { message: 'Slow down' }, { 'retry-after': '86400' }),
		requests: 1,
		message: 'Slow down. Pocketsflow asks to wait 24 hours; this node waits at most 5 minutes.',
		next: 'Try again later, or send fewer items at once.',
		finding: 'answered 429',
		limits: {},
	},
	{
		name: '429 with a Retry-After a second longer than the total timeout',
		behaviour: json(429, { message: 'Slow down' }, { 'retry-after': '301' }),
		requests: 1,
		message:
			'Slow down. Pocketsflow asks to wait 5 minutes 1 second; this node waits at most 5 minutes.',
		next: 'Try again later, or send fewer items at once.',
		finding: 'answered 429',
		limits: {},
	},
	{
		name: '429 without Retry-After',
		behaviour: json(429, { error: 'Too many requests' }),
		requests: 4,
		message:
			'Too many requests. The rate limit of Pocketsflow keeps this request waiting longer than the 1.6 seconds that it may.',
		next: 'Try again later, or send fewer items at once.',
		finding: 'answered 429',
		// With jitter halved (below): pauses of 150, 300, 600 and 1,200 ms, the last beyond 1,600 in all.
		limits: { ...quickLimits, retryDelayMs: 200, totalTimeoutMs: 1_600 },
	},
	{
		name: '429 with a Retry-After that nobody can mean',
		behaviour: json(429, { error: 'Too many requests' }, { 'retry-after': '9'.repeat(400) }),
		requests: 4,
		message:
			'Too many requests. The rate limit of Pocketsflow keeps this request waiting longer than the 1.6 seconds that it may.',
		next: 'Try again later, or send fewer items at once.',
		finding: 'answered 429',
		// With jitter halved (below): pauses of 150, 300, 600 and 1,200 ms, the last beyond 1,600 in all.
		limits: { ...quickLimits, retryDelayMs: 200, totalTimeoutMs: 1_600 },
	},
	buildFault('500', json(500, { error: 'Boom' }), 'Boom.', 'answered 500'),
	buildFault(
		'502 with a page',
		text(502, page),
		'Bad gateway: the answer is not JSON but begins "Bad gateway The proxy is tired.".',
		'answered 502',
	),
	buildFault('503', text(503, ''), 'Service unavailable.', 'answered 503'),
	buildFault(
		'connection reset before the request was read',
		resetBeforeBody,
		'HOST closed the connection without an answer.',
		'was not answered',
		'Try again later.',
	),
	buildFault(
		'connection reset after the request was read',
		resetAfterBody,
		'HOST closed the connection without an answer.',
		'was not answered',
		'Try again later.',
	),
	buildFault(
		'connection closed in the middle of the response',
		halfResponse,
		'The answer of HOST broke off or was damaged.',
		'began to answer 200',
		'Try again later.',
	),
	{
		...buildFault(
			'a response that drips for ever',
			drip,
			'HOST did not answer completely within 1 second.',
			'began to answer 200',
			'Try again later.',
		),
		limits: { ...quickLimits, requestTimeoutMs: 1_000 },
	},
	{
		...buildFault(
			'no response at all',
			silence,
			'HOST did not answer completely within 1 second.',
			'was not answered',
			'Try again later.',
		),
		limits: { ...quickLimits, requestTimeoutMs: 1_000 },
	},
	buildFault(
		'a response with damaged compression',
		text(200, 'this is not gzip', { 'content-encoding': 'gzip' }),
		'The answer of HOST broke off or was damaged.',
		'began to answer 200',
		'Try again later.',
	),
	{
		name: '200 with a page instead of JSON',
		behaviour: text(200, page),
		requests: once,
		message: buildMessages('The answer is not JSON but begins "Bad gateway The proxy is tired.".'),
		next: foreign,
		finding: 'answered 200',
	},
	{
		name: 'DNS failure',
		behaviour: 'https://pocketsflow.invalid',
		requests: 0,
		message: 'No server has the name pocketsflow.invalid.',
		next: 'Check the \'Base URL\' in the credential "Pocketsflow account" and the network of n8n.',
		finding: 'after 4 tries',
	},
	{
		name: 'connection refused',
		behaviour: 'http://127.0.0.1:9',
		requests: 0,
		message: 'Nothing answers at 127.0.0.1:9: it refuses connections.',
		next: 'Check the \'Base URL\' in the credential "Pocketsflow account" and the network of n8n.',
		finding: 'was not answered (ECONNREFUSED), after 4 tries',
	},
	{
		name: 'redirect loop with 307',
		behaviour: (request, response) => void response.writeHead(307, { location: request.url }).end(),
		requests: 6,
		message: 'HOST redirects to PATH, which is not followed.',
		next: 'Correct the \'Base URL\' in the credential "Pocketsflow account".',
		finding: 'answered 307',
	},
	{
		name: 'redirect loop with 302',
		behaviour: (request, response) => void response.writeHead(302, { location: request.url }).end(),
		requests: { read: 6, create: 1, update: 1, delete: 1 },
		message: buildMessages('HOST redirects to PATH, which is not followed.'),
		next: 'Correct the \'Base URL\' in the credential "Pocketsflow account".',
		finding: 'answered 302',
	},
];
