import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

export interface Mail {
	from: string;
	to: string[];
	subject: string;
	/** Every text part, HTML included, decoded. */
	body: string;
}

export interface SmtpCredential extends Record<string, unknown> {
	host: string;
	port: number;
}

/** An SMTP server on this machine that accepts every message, and sends none on. */
export class MailServer {
	readonly mails: Mail[] = [];

	/** Answers every message with a permanent error, as if there were no such mailbox. */
	refuses = false;

	private constructor(private readonly server: Server) {}

	static async open(): Promise<MailServer> {
		const server = createServer();
		const mailServer = new MailServer(server);
		server.on('connection', (socket) => mailServer.converse(socket));
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		return mailServer;
	}

	get credential(): SmtpCredential {
		const { port } = this.server.address() as AddressInfo;
		return {
			host: '127.0.0.1',
			port,
			secure: false,
			disableStartTls: true,
			user: '',
			password: '',
		};
	}

	async close(): Promise<void> {
		await new Promise((resolve) => this.server.close(resolve));
	}

	private converse(socket: Socket): void {
		let envelope = { from: '', to: [] as string[] };
		let isData = false;
		let buffered = '';
		const answers: Record<string, (line: string) => string> = {
			EHLO: () => '250 localhost',
			HELO: () => '250 localhost',
			MAIL: (line) => {
				envelope = { from: readAddress(line), to: [] };
				return '250 OK';
			},
			RCPT: (line) => {
				if (this.refuses) return '550 No such mailbox';
				envelope.to.push(readAddress(line));
				return '250 OK';
			},
			DATA: () => {
				isData = true;
				return '354 End with a line of one point';
			},
			RSET: () => '250 OK',
			NOOP: () => '250 OK',
			QUIT: () => '221 Bye',
		};
		const takeLine = (): string | undefined => {
			const end = buffered.indexOf(isData ? '\r\n.\r\n' : '\r\n');
			if (end < 0) return undefined;
			const text = buffered.slice(0, end);
			buffered = buffered.slice(end + (isData ? 5 : 2));
			return text;
		};
		socket.setEncoding('latin1').on('error', () => socket.destroy());
		socket.write('220 localhost\r\n');
		socket.on('data', (chunk: string) => {
			buffered += chunk;
			for (let text = takeLine(); text !== undefined; text = takeLine()) {
				let answer: string;
				if (isData) {
					isData = false;
					this.mails.push({ ...envelope, ...readMessage(text.replace(/^\.\./gm, '.')) });
					answer = '250 Taken';
				} else {
					const command = text.slice(0, 4).toUpperCase();
					answer = answers[command]?.(text) ?? '502 Unknown command';
				}
				socket.write(`${answer}\r\n`);
				if (answer.startsWith('221')) socket.end();
			}
		});
	}
}

const readAddress = (line: string) => /<([^>]*)>/.exec(line)?.[1] ?? '';

function readMessage(source: string): Pick<Mail, 'subject' | 'body'> {
	const { headers, content } = splitPart(source);
	return { subject: decodeWords(headers.get('subject') ?? ''), body: readPart(headers, content) };
}

function splitPart(source: string): { headers: Map<string, string>; content: string } {
	const end = source.indexOf('\r\n\r\n');
	const head = (end < 0 ? source : source.slice(0, end)).replace(/\r\n[ \t]+/g, ' ');
	const headers = head.split('\r\n').map((line): [string, string] => {
		const [name, ...value] = line.split(':');
		return [name.toLowerCase(), value.join(':').trim()];
	});
	return { headers: new Map(headers), content: end < 0 ? '' : source.slice(end + 4) };
}

function readPart(headers: Map<string, string>, content: string): string {
	const type = headers.get('content-type') ?? 'text/plain';
	const boundary = /^multipart\/.*boundary="?([^";]+)"?/i.exec(type)?.[1];
	if (boundary)
		return content
			.split(`--${boundary}`)
			.slice(1, -1)
			.map((part) => splitPart(part.replace(/^\r\n/, '')))
			.map((part) => readPart(part.headers, part.content))
			.join('\n');
	if (!type.toLowerCase().startsWith('text/')) return '';
	const encoding = headers.get('content-transfer-encoding')?.toLowerCase() ?? '7bit';
	if (encoding === 'base64') return Buffer.from(content, 'base64').toString('utf8');
	const bytes = encoding === 'quoted-printable' ? decodeQuotedPrintable(content) : content;
	return Buffer.from(bytes, 'latin1').toString('utf8').replaceAll('\r\n', '\n');
}

const decodeQuotedPrintable = (text: string) =>
	text
		.replace(/=\r\n/g, '')
		.replace(/=([\dA-F]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));

/** Encoded words in a header, such as `=?UTF-8?Q?Ge=C3=B6ffnet?=`. */
const decodeWords = (header: string) =>
	header
		.replace(/\?=\s+=\?/g, '?==?')
		.replace(/=\?[^?]+\?([BQ])\?([^?]*)\?=/gi, (_, kind: string, text: string) =>
			kind.toUpperCase() === 'B'
				? Buffer.from(text, 'base64').toString('utf8')
				: Buffer.from(decodeQuotedPrintable(text.replaceAll('_', ' ')), 'latin1').toString('utf8'),
		);
