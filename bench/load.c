// Bounded closed-loop load generator, 127.0.0.1 only. Prints one JSON line.
// load -p PORT -c CONNS -n MAXREQ -d MAXSEC -m MODEL [-s] [-b PADBYTES] [-r CONNECTS_PER_S] [-u PATH] [-H "K: V"]... [-w WARMUP_S]
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stdint.h>
#include <unistd.h>
#include <errno.h>
#include <time.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/resource.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <arpa/inet.h>
static uint64_t now_us(void){struct timespec t;clock_gettime(CLOCK_MONOTONIC,&t);return t.tv_sec*1000000ull+t.tv_nsec/1000;}
typedef struct{uint32_t*v;size_t n,cap;}vec;static void add(vec*a,int64_t x){if(x<0)x=0;if(a->n==a->cap){if(a->cap>20000000)return;a->cap=a->cap?a->cap*2:4096;a->v=realloc(a->v,a->cap*4);}a->v[a->n++]=x;}
static int cmp(const void*a,const void*b){uint32_t x=*(uint32_t*)a,y=*(uint32_t*)b;return x<y?-1:x>y;}
static void pr(const char*k,vec*a){if(!a->n)return;qsort(a->v,a->n,4,cmp);double s=0;for(size_t i=0;i<a->n;i++)s+=a->v[i];printf(",\"%s\":{\"n\":%zu,\"mean\":%.1f,\"p50\":%u,\"p90\":%u,\"p99\":%u,\"max\":%u}",k,a->n,s/a->n,a->v[a->n/2],a->v[(size_t)(a->n*.9)],a->v[(size_t)(a->n*.99)],a->v[a->n-1]);}
typedef struct{int fd,st,chunked;long rem;int cst;uint64_t t0,tfb;char*b;int n,cap;char l[2048];int ll;int conn;uint64_t waited;}C; // st 0 hdr 1 body
static vec lat,ttfb,cd,ideal,added;static uint64_t reqs,errs,bad,chunks,bytes;static char req[1<<20];static int rl;static uint64_t started,maxreq=1000000;static int ep,port=0;static uint64_t tend,tw;static int live;
static struct sockaddr_in sa;
static void sendreq(C*c){if(started>=maxreq||now_us()>=tend){close(c->fd);c->fd=-1;live--;return;}started++;c->st=0;c->n=0;c->ll=0;c->chunked=0;c->t0=now_us();c->tfb=0;c->waited=0;int o=0;while(o<rl){int w=write(c->fd,req+o,rl-o);if(w<=0){if(errno==EAGAIN){usleep(50);continue;}errs++;close(c->fd);c->fd=-1;live--;return;}o+=w;}}
static void line(C*c,uint64_t t){c->l[c->ll<2047?c->ll:2047]=0;char*p=strstr(c->l,"\"content\":\"T");if(p){chunks++;uint64_t s=strtoull(p+12,0,10);if(t>tw)add(&cd,(int64_t)(t-s));char*q=strstr(c->l,"IDEAL=");if(q&&t>tw){add(&ideal,(int64_t)(t-c->t0)-(int64_t)strtoul(q+6,0,10));}}c->ll=0;}
static void body(C*c,const char*p,int n,uint64_t t){bytes+=n;if(!c->tfb){c->tfb=t;if(t>tw)add(&ttfb,t-c->t0);}
 // What was added to a reply not streamed is its time less LAT=, the time that the upstream says it waited: with waits of 50 +/- 20 ms a
 // closed loop of 20 is then a pace (390 requests/s), and the upstream's own spread is not in the figure.
 if(!c->chunked){const char*w=c->waited?0:memmem(p,n,"LAT=",4);if(w)c->waited=strtoul(w+4,0,10);return;}
 while(n){const char*e=memchr(p,'\n',n);int k=e?e-p+1:n;int r=2047-c->ll;if(r>k)r=k;if(r>0){memcpy(c->l+c->ll,p,r);c->ll+=r;}if(e)line(c,t);p+=k;n-=k;}}
static void done(C*c,uint64_t t){reqs++;if(t>tw){add(&lat,t-c->t0);if(c->waited)add(&added,(int64_t)(t-c->t0)-(int64_t)c->waited);}sendreq(c);}
static void consume(C*c,uint64_t t){ // parse c->b[0..n)
 int i=0;for(;;){ if(c->st==0){char*e=memmem(c->b+i,c->n-i,"\r\n\r\n",4);if(!e)break;e[2]=0;if(!strstr(c->b+i,"HTTP/1.1 200")){if(!bad)fprintf(stderr,"bad: %.300s\n",c->b+i);bad++;}char*p=strcasestr(c->b+i,"content-length:");c->chunked=!!strcasestr(c->b+i,"transfer-encoding: chunked");c->rem=p?atol(p+15):0;c->cst=0;i=e+4-c->b;c->st=1;if(!c->chunked&&!c->rem){done(c,t);return;}}
  if(!c->chunked){int k=c->n-i;if(k>c->rem)k=c->rem;if(k){body(c,c->b+i,k,t);}i+=k;c->rem-=k;if(!c->rem){done(c,t);return;}break;}
  // chunked: cst 0 size line, 1 data, 2 CRLF after, 3 final CRLF
  int stop=0;while(!stop){ if(c->cst==0||c->cst==3){char*e=memmem(c->b+i,c->n-i,"\r\n",2);if(!e){stop=1;break;}if(c->cst==3){done(c,t);return;}c->rem=strtol(c->b+i,0,16);i=e+2-c->b;c->cst=c->rem?1:3;}
   else if(c->cst==1){int k=c->n-i;if(k>c->rem)k=c->rem;if(!k){stop=1;break;}body(c,c->b+i,k,t);i+=k;c->rem-=k;if(!c->rem)c->cst=2;}
   else{if(c->n-i<2){stop=1;break;}i+=2;c->cst=0;}}
  break;}
 if(i){memmove(c->b,c->b+i,c->n-i);c->n-=i;}}
int main(int ac,char**av){signal(SIGPIPE,SIG_IGN);int nc=1,o,stream=0,pad=600,ramp=0;double d=5,w=0;char*m="f-s-0-0-0-0",*u="/v1/chat/completions";char hx[2000]="";
 while((o=getopt(ac,av,"p:c:n:d:m:sb:r:u:H:w:"))>0)switch(o){case'p':port=atoi(optarg);break;case'c':nc=atoi(optarg);break;case'n':maxreq=atol(optarg);break;case'd':d=atof(optarg);break;case'm':m=optarg;break;case's':stream=1;break;case'b':pad=atoi(optarg);break;case'r':ramp=atoi(optarg);break;case'u':u=optarg;break;case'w':w=atof(optarg);break;case'H':strcat(hx,optarg);strcat(hx,"\r\n");break;}
 char*pb=malloc(pad+1);memset(pb,'q',pad);pb[pad]=0;for(int i=5;i<pad;i+=6)pb[i]=' ';
 char*bd=malloc(pad+2000);int bl=sprintf(bd,"{\"model\":\"%s\",\"messages\":[{\"role\":\"system\",\"content\":\"You are a helpful assistant.\"},{\"role\":\"user\",\"content\":\"%s\"}],\"temperature\":0.7,\"max_tokens\":512,\"stream\":%s}",m,pb,stream?"true":"false");
 rl=sprintf(req,"POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\nAuthorization: Bearer sk-test\r\nAccept: */*\r\n%sContent-Length: %d\r\n\r\n%s",u,port,hx,bl,bd);
 sa=(struct sockaddr_in){.sin_family=AF_INET,.sin_port=htons(port),.sin_addr.s_addr=htonl(INADDR_LOOPBACK)};ep=epoll_create1(0);C*cs=calloc(nc,sizeof(C));uint64_t t0=now_us();tend=t0+d*1e6;tw=t0+w*1e6;int on=1,made=0;
 struct epoll_event ev[512];uint64_t hard=tend+30000000ull;uint64_t r0=0;int wdone=0;
 for(;;){uint64_t t=now_us();if(!wdone&&t>tw){wdone=1;r0=reqs;}
  int want=ramp?(int)((t-t0)*ramp/1000000)+1:nc;if(want>nc)want=nc;
  while(made<want){C*c=&cs[made++];c->fd=socket(AF_INET,SOCK_STREAM,0);if(connect(c->fd,(void*)&sa,sizeof sa)){errs++;close(c->fd);c->fd=-1;continue;}setsockopt(c->fd,IPPROTO_TCP,TCP_NODELAY,&on,4);c->cap=4096;c->b=malloc(4096);struct epoll_event x={EPOLLIN,{.ptr=c}};epoll_ctl(ep,EPOLL_CTL_ADD,c->fd,&x);live++;sendreq(c);}
  if(made==nc&&!live)break;if(t>hard){fprintf(stderr,"hard stop, %d live\n",live);break;}
  int n=epoll_wait(ep,ev,512,made<nc?5:1000);t=now_us();
  for(int i=0;i<n;i++){C*c=ev[i].data.ptr;if(c->fd<0)continue;if(c->cap-c->n<2048){c->cap*=2;c->b=realloc(c->b,c->cap);}int r=recv(c->fd,c->b+c->n,c->cap-c->n-1,MSG_DONTWAIT);
   if(r<=0){if(r<0&&errno==EAGAIN)continue;errs++;close(c->fd);live--;c->fd=-1;
     if(now_us()<tend&&errs<1000){c->fd=socket(AF_INET,SOCK_STREAM,0);if(!connect(c->fd,(void*)&sa,sizeof sa)){setsockopt(c->fd,IPPROTO_TCP,TCP_NODELAY,&on,4);struct epoll_event x={EPOLLIN,{.ptr=c}};epoll_ctl(ep,EPOLL_CTL_ADD,c->fd,&x);live++;sendreq(c);}else{close(c->fd);c->fd=-1;}}
     continue;}
   c->n+=r;c->b[c->n]=0;consume(c,t);}}
 uint64_t te=now_us();double el=(te-(w>0?tw:t0))/1e6;struct rusage ru;getrusage(RUSAGE_SELF,&ru);
 printf("{\"reqs\":%lu,\"errs\":%lu,\"bad\":%lu,\"secs\":%.3f,\"rps\":%.1f,\"chunks\":%lu,\"cps\":%.1f,\"bytes\":%lu,\"self_cpu\":%.2f",reqs,errs,bad,el,(reqs-r0)/el,chunks,chunks/((te-t0)/1e6),bytes,ru.ru_utime.tv_sec+ru.ru_utime.tv_usec/1e6+ru.ru_stime.tv_sec+ru.ru_stime.tv_usec/1e6);
 pr("lat",&lat);pr("ttfb",&ttfb);pr("chunkdelay",&cd);pr("ideal_over",&ideal);pr("added",&added);puts("}");}
