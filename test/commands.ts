interface Form {
	/** A program of programs.json or a file of this repository, and its arguments. */
	run?: [string, ...string[]];
	args?: string[];
	env?: Record<string, string>;
	/** How long it takes on two cores; what it downloads the first time comes on top. */
	minutes: number;
}

export interface Command extends Form {
	run: [string, ...string[]];
	what: string;
	nodeFlags?: string[];
	/** Where it leaves the counts of its tests, as Jest does; another program without it is one test. */
	report?: string;
	/** What changes in a run of seconds or few minutes. A command without it is short already. */
	short?: Form;
}

/** `npm run <table> -- <command>`. A command in another mode of n8n has that behind its name. */
export const tables: Record<string, Record<string, Command>> = {
	'test:n8n': {
		e2e: {
			what: 'A seller and a buyer can do all that the pages say: the first sale in the editor, every operation, every example, every message of docs/troubleshooting.md, hostile deliveries, the demo. Add filenames to run some of it',
			run: buildJest('e2e'),
			minutes: 16,
		},
		chaos: {
			what: 'None of 10,000 sales is lost or invented while n8n is killed and deliveries are lost. Options: --purchases --minutes --kills --outages --seed --often',
			run: ['test/chaos/main.ts'],
			minutes: 20,
			short: {
				args: [
					...['--purchases', '300', '--minutes', '0.8', '--kills', '2', '--outages', '1'],
					'--often',
				],
				minutes: 3,
			},
		},
		lifecycle: {
			what: 'Pocketsflow has exactly the right endpoints through edits, renames, restarts, crashes, copies and changed keys. Both triggers survive a restored backup and updates of n8n. Polls run on the scheduler of n8n with durable cursors. Add filenames to run some of it',
			run: buildJest('lifecycle'),
			minutes: 30,
			short: {
				args: ['ordinary-life'],
				env: { N8N_VERSION: '2.41.1', N8N_VERSIONS: '2.41.1' },
				minutes: 2,
			},
		},
		'lifecycle --mode queue': {
			what: 'The life of the webhook trigger in queue mode: a main, two webhook processes and two workers over PostgreSQL and Redis, behind nginx. Manual runs of all three nodes on a worker',
			run: buildJest('queue', 'queue/queue\\.test'),
			minutes: 8,
			short: {
				// Without the tests that wait until n8n sees that a leader is dead, or that a key has changed.
				args: ['--testNamePattern', '^(?!survives a new API key|when the main process is killed)'],
				minutes: 4,
			},
		},
		mains: {
			what: 'Two main processes that poll over one database lose nothing, and hand a sale over under one event ID',
			run: buildJest('queue', 'queue/mains\\.test'),
			minutes: 2,
		},
		soak: {
			what: 'Memory, open files, stored data and the log stay flat under a steady load, and nothing is lost. Growth is judged from 20 minutes on. Options: --minutes --rate. Linux only',
			run: ['test/soak/main.ts'],
			report: 'test/soak/output/soak.json',
			minutes: 125,
			short: { args: ['--minutes', '2'], minutes: 3 },
		},
		compat: {
			what: 'The credential, operations, Retry On Fail, triggers, examples and the tool of an agent on each line of n8n, the newest with the defaults of n8n 3.0 too; prints a table',
			run: ['test/compat/main.ts'],
			report: 'test/compat/output/compat.json',
			minutes: 45,
			short: {
				args: ['--short'],
				env: { N8N_VERSION: '1.123.81', N8N_VERSIONS: '1.123.81' },
				minutes: 9,
			},
		},
		'chaos --mode queue': {
			what: 'None of 300 sales is lost or invented in queue mode while each of its parts is killed. The options of chaos',
			run: ['test/chaos/main.ts', '--mode', 'queue'],
			minutes: 8,
			short: { args: ['--purchases', '60', '--minutes', '0.5', '--often'], minutes: 4 },
		},
		release: {
			what: 'A release works, without the public registry: build, scanner, the same tarball elsewhere, and every way to install, update and remove the package',
			run: ['test/package/release.ts'],
			minutes: 6,
			short: { run: ['test/package/installs.ts'], minutes: 4 },
		},
	},
	check: {
		scan: {
			what: "n8n's scanner finds nothing in source, tarball and descriptions, and finds each violation that is put in",
			run: ['test/package/scan.ts', '--control'],
			minutes: 1,
		},
		texts: {
			what: 'Spelling, terms and links of npm run lint find a mistake in each kind of file, and each pattern of test/lint/replacements.yaml',
			run: ['test/lint/main.ts', '--control'],
			minutes: 1,
		},
		links: {
			what: 'Every external address in README and docs answers; needs the internet. The short form proves, on this machine, that dead addresses are found',
			run: ['test/lint/externalLinks.ts'],
			minutes: 1,
			short: { args: ['--control'], minutes: 0.1 },
		},
		reproducible: {
			what: 'Two clones, built under other circumstances, give the same tarball, byte for byte',
			run: ['test/package/reproducible.ts'],
			minutes: 1,
		},
		histories: {
			what: 'The polling trigger loses and repeats nothing in 10,000 random histories with the sandbox, and in as many with an independent model',
			run: ['jest', 'test/unit/polling/histories'],
			env: { HISTORIES: '10000' },
			minutes: 10,
			short: { env: { HISTORIES: '1500' }, minutes: 2 },
		},
		hostile: {
			what: 'The webhook trigger accepts none of 100,000 changed deliveries, and memory stays flat',
			run: ['jest', '-i', 'test/engine/trigger-hostile'],
			nodeFlags: ['--expose-gc'],
			env: { HOSTILE_RUNS: '100000' },
			minutes: 4,
			short: { env: { HOSTILE_RUNS: '15000' }, minutes: 1 },
		},
		mutation: {
			what: 'The tests notice at least 95 % of all small changes of the code that could lose a sale. Add names of groups to run some of it',
			run: ['test/mutation/main.ts'],
			report: 'test/mutation/output/mutation.json',
			minutes: 12,
			short: { args: ['--short'], minutes: 2 },
		},
	},
	bench: {
		package: {
			what: 'Compares files, bytes, load time and the start of n8n with four other packages',
			run: ['test/bench/package.ts'],
			minutes: 3,
			short: { args: ['--alone', '--rounds', '1'], minutes: 0.5 },
		},
		transport: {
			what: 'Compares bulk runs, the rate limit and lists with plain loops',
			run: ['test/bench/transport.ts'],
			minutes: 8,
			short: { args: ['creates'], env: { BENCH_ROUNDS: '1' }, minutes: 1 },
		},
		n8n: {
			what: 'Compares deliveries one by one and at the same time, on one process and in queue mode, with the Webhook node. Prints the tables of docs/measurements.md',
			run: ['test/bench/n8n.ts'],
			minutes: 40,
			short: {
				args: [
					...['--modes', 'regular', '--settings', 'lazy', '--bursts', '20'],
					...['--cold', '20', '--seconds', '2', '--sales', '20', '--often'],
				],
				minutes: 2,
			},
		},
	},
	generate: {
		schemas: {
			what: 'Writes the sample outputs in nodes/Pocketsflow/__schema__',
			run: ['test/engine/generate-schemas.ts'],
			minutes: 0.2,
			short: { args: ['--into', 'test/output/schemas'], minutes: 0.2 },
		},
		screenshots: {
			what: 'Takes the pictures of the README',
			run: ['test/harness/browser/screenshots.ts'],
			minutes: 2,
			short: { args: ['--into', 'test/output/images'], minutes: 2 },
		},
		workflows: {
			what: "Saves the workflows of test/e2e/workflows/build.ts in n8n's editor, for a release: generate -- workflows 0.2.0",
			run: ['test/e2e/workflows/save.ts'],
			minutes: 1,
			short: { args: ['0.0.0', '--into', 'test/output/workflows'], minutes: 1 },
		},
	},
};

function buildJest(folder: string, ...pattern: string[]): [string, ...string[]] {
	const config = ['--config', `test/${folder}/jest.config.js`, '--runInBand', '--forceExit'];
	return ['jest', ...config, ...pattern];
}
