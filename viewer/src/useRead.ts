/** A GET as a hook: the last answer stays until the next one is there. */

import { useEffect, useState } from "react";
import { type ApiError, read } from "./api";

/** Reads `path` again whenever it or `version` changes; nothing for null. */
export function useRead<T>(path: string | null, version = 0): { data: T | null; error: ApiError | null } {
  const [reading, setReading] = useState<{ data: T | null; error: ApiError | null }>({ data: null, error: null });
  useEffect(() => {
    if (path === null) return setReading({ data: null, error: null });
    let current = true;
    read<T>(path).then(
      (data) => current && setReading({ data, error: null }),
      (error: ApiError) => current && setReading({ data: null, error }),
    );
    return () => {
      current = false;
    };
  }, [path, version]);
  return reading;
}
