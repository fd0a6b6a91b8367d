import { Skeleton } from "@/components/ui/skeleton";

export function ThreadSkeleton() {
  return (
    <div className="min-h-0 flex-1 overflow-hidden" role="status" aria-label="Loading the messages">
      <div className="motion-appear mx-auto flex max-w-[46rem] flex-col gap-4 px-4 py-8 sm:px-6">
        <Skeleton className="h-11 w-2/5 self-end rounded-[1.25rem]" />
        <Skeleton className="h-4 w-28" />
        <Skeleton className="h-4 w-full" />
        <Skeleton className="h-4 w-11/12" />
        <Skeleton className="h-4 w-3/5" />
        <Skeleton className="mt-6 h-11 w-1/3 self-end rounded-[1.25rem]" />
        <Skeleton className="h-4 w-28" />
        <Skeleton className="h-4 w-4/5" />
        <Skeleton className="h-4 w-2/3" />
      </div>
    </div>
  );
}
