/**
 * What keys have spent today, in the file of the request log: it outlives the process, and several gateways on one
 * machine share it. Each call is two statements, of which each is whole by itself.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { type BudgetLimits, plus, minus, requireRoom, spendingOf, spendingWithin } from '../chat/call-budget.ts'
import type { CallBudget, LedgerRow, Spending } from '../chat/call-context.ts'
import type { Clock } from '../chat/clock.ts'
import { OverloadError } from '../chat/errors.ts'
import { dayOf, type KeyBudgets } from '../chat/key-budgets.ts'
import { logFileName } from './request-log.ts'
import { WalSync } from './wal-sync.ts'

const schema = `
  create table if not exists spent (
    key text not null, day text not null, calls integer not null, tokens integer not null, cost_usd real not null,
    primary key (key, day)
  ) strict;
`

/** How long a call waits for another process that writes: each write takes well under a millisecond. */
const busyMs = 250

export interface StoredBudgetsOptions {
  readonly clock: Clock
  /** Hears where what a call took could not be written: what was set aside for it then counts. */
  readonly onError: (error: unknown) => void
}

/** Opens the file of the request log in `directory` a second time. */
export function openStoredBudgets(directory: string, options: StoredBudgetsOptions): StoredBudgets {
  mkdirSync(directory, { recursive: true })
  const path = join(directory, logFileName)
  const database = new DatabaseSync(path)
  database.exec(`pragma busy_timeout = 2000; pragma journal_mode = wal; pragma synchronous = normal; ${schema}`)
  database.exec(`pragma busy_timeout = ${busyMs}`)
  return new StoredBudgets({ database, walSync: new WalSync(path, options.onError) }, options)
}

const nothing: Spending = { calls: 0, tokens: 0, costUsd: 0 }

export class StoredBudgets implements KeyBudgets {
  readonly #database: DatabaseSync
  readonly #walSync: WalSync
  readonly #options: StoredBudgetsOptions
  readonly #select: StatementSync
  readonly #take: StatementSync
  readonly #change: StatementSync

  constructor(
    { database, walSync }: { readonly database: DatabaseSync; readonly walSync: WalSync },
    options: StoredBudgetsOptions,
  ) {
    this.#database = database
    this.#walSync = walSync
    this.#options = options
    this.#select = database.prepare('select calls, tokens, cost_usd from spent where key = ? and day = ?')
    // Takes all of it or nothing, also where another process takes at the same time.
    this.#take = database.prepare(`
      insert into spent values ($key, $day, $calls, $tokens, $cost)
      on conflict (key, day) do update set calls = calls + $calls, tokens = tokens + $tokens, cost_usd = cost_usd + $cost
      where calls + $calls <= $mostCalls and tokens + $tokens <= $mostTokens and cost_usd + $cost <= $mostCost
    `)
    this.#change = database.prepare(
      'update spent set calls = calls + ?, tokens = tokens + ?, cost_usd = cost_usd + ? where key = ? and day = ?',
    )
  }

  budgetOf(key: string, limits: BudgetLimits): CallBudget {
    return new StoredBudget(this, { key, day: dayOf(this.#options.clock) }, spendingWithin(limits))
  }

  close(): void {
    this.#walSync.close()
    this.#database.close()
  }

  spent({ key, day }: Account): Spending {
    const row = this.#select.get(key, day)
    return row
      ? { calls: Number(row['calls']), tokens: Number(row['tokens']), costUsd: Number(row['cost_usd']) }
      : nothing
  }

  /** @throws BudgetError where the day has less room, OverloadError where that cannot be written down */
  take({ key, day }: Account, aside: Spending, most: Spending): void {
    const whose = `The key "${key}" for today`
    requireRoom(whose, aside, most)
    const { changes } = this.#written({
      $key: key,
      $day: day,
      $calls: aside.calls,
      $tokens: aside.tokens,
      $cost: aside.costUsd,
      $mostCalls: most.calls,
      $mostTokens: most.tokens,
      $mostCost: most.costUsd,
    })
    if (changes === 0) requireRoom(whose, aside, minus(most, this.spent({ key, day })))
  }

  /** Puts what a call took in the place of what was set aside. */
  settle({ key, day }: Account, aside: Spending, row: LedgerRow): void {
    const { calls, tokens, costUsd } = plus(minus(nothing, aside), spendingOf(row))
    try {
      this.#change.run(calls, tokens, costUsd, key, day)
      this.#walSync.request()
    } catch (error) {
      this.#options.onError(error)
    }
  }

  #written(values: Record<string, string | number>): { readonly changes: number | bigint } {
    try {
      const taken = this.#take.run(values)
      this.#walSync.request()
      return taken
    } catch (error) {
      this.#options.onError(error)
      throw new OverloadError('cannot write down what keys spend')
    }
  }
}

/** A key on a day. */
interface Account {
  readonly key: string
  readonly day: string
}

class StoredBudget implements CallBudget {
  readonly #budgets: StoredBudgets
  readonly #account: Account
  readonly #most: Spending

  constructor(budgets: StoredBudgets, account: Account, most: Spending) {
    this.#budgets = budgets
    this.#account = account
    this.#most = most
  }

  get left(): Spending {
    return minus(this.#most, this.#budgets.spent(this.#account))
  }

  reserve(expected: () => Spending): (row: LedgerRow) => void {
    const aside = expected()
    this.#budgets.take(this.#account, aside, this.#most)
    return (row) => {
      this.#budgets.settle(this.#account, aside, row)
    }
  }
}
